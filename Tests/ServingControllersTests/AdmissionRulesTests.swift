import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// What admission says beside yes and no, and what it says about deletions: a row each.
@Suite struct ServiceAdviceTests {
  private func advice(
    _ resource: KubeResource, _ spec: String, annotations: [String: String] = [:]
  ) throws -> [String] {
    var object = KubeObject(resource, namespace: resource.isNamespaced ? "team" : nil, name: "it")
    object.annotations = annotations
    object.spec = try JSONValue(parsing: spec)
    let configuration = ServingConfiguration(platform: embedded.platform)
    return ServingAdmission(configuration: configuration).warnings(object)
  }

  private static let model = #""model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"}"#

  @Test(
    arguments: [
      (#"{"predictor":{\#(model)}}"#, [:], []),
      (
        #"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#, [:],
        [
          "spec.predictor.sklearn is deprecated: write spec.predictor.model with modelFormat.name sklearn"
        ]
      ),
      (
        #"{"predictor":{\#(model)}}"#, ["serving.kserve.io/deploymentMode": "RawDeployment"],
        ["the deployment mode RawDeployment is deprecated: write Standard"]
      ),
      (
        #"{"predictor":{\#(model)}}"#, ["serving.kserve.io/deploymentMode": "Serverless"],
        ["the deployment mode Serverless is deprecated: write Knative"]
      ),
      (
        #"{"predictor":{\#(model),"batcher":{"timeout":5}}}"#, [:],
        ["spec.predictor.batcher.timeout is read by nobody: write maxLatency (milliseconds)"]
      ),
      (
        #"{"predictor":{\#(model),"autoScaling":{"metrics":[],"behavior":{"scaleUp":{}}}}}"#, [:],
        ["spec.predictor.autoScaling.behavior counts with autoscalerClass keda only"]
      ),
      (
        #"{"predictor":{\#(model),"autoScaling":{"metrics":[],"behavior":{"scaleUp":{}}}}}"#,
        ["serving.kserve.io/autoscalerClass": "keda"], []
      ),
      (
        #"{"predictor":{"containers":[{"image":"i"}],"logger":{"mode":"all"}}}"#, [:],
        ["stored, but not acted on by this release: spec.predictor.logger"]
      ),
      (
        #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"pvc://c/m","confidential":{"enabled":true}}}}"#,
        [:],
        [
          "stored, but not acted on by this release: spec.predictor.model.confidential",
          "spec.predictor.model.confidential: what lies at pvc:// is mounted as it is, and not decrypted",
        ]
      ),
      (
        #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"oci+native://r/m","confidential":{"enabled":true,"resourceId":"kbs:///a/b/c"}}}}"#,
        [:],
        [
          "stored, but not acted on by this release: spec.predictor.model.confidential",
          "spec.predictor.model.confidential: what lies at oci:// is mounted as it is, and not decrypted",
        ]
      ),
    ] as [(String, [String: String], [String])])
  func aServiceIsTold(_ spec: String, _ annotations: [String: String], _ expected: [String]) throws {
    #expect(try advice(.inferenceServices, spec, annotations: annotations) == expected)
  }

  @Test func aRuntimeAndAnLLMServiceAreTold() throws {
    #expect(
      try advice(
        .clusterServingRuntimes, #"{"containers":[],"grpcEndpoint":"x","replicas":2,"hostIPC":true}"#)
        == [
          "read by ModelMesh only, which is not there: spec.grpcEndpoint, spec.replicas",
          "spec.hostIPC does not reach the pods",
        ])
    let router = #""route":{"http":{"spec":{"parentRefs":[{"name":"g"}]}}}"#
    #expect(
      try advice(
        .llmInferenceServices,
        #"{"router":{\#(router),"gateway":{"refs":[{"name":"g","namespace":"team"}]}}}"#)
        == [
          Self.notRun("LLMInferenceServices"),
          "spec.router.route.http.spec.parentRefs says the same as spec.router.gateway.refs: leave one of them "
            + "out",
        ])
    #expect(
      try advice(.llmInferenceServices, "{\"router\":{\(router)}}")
        == [Self.notRun("LLMInferenceServices")])
  }

  private static func notRun(_ kinds: String) -> String {
    "this release stores and checks \(kinds) and does not run them"
  }

  @Test func kindsThatAreStoredAndNotRunAreTold() throws {
    #expect(try advice(.inferenceGraphs, #"{"nodes":{}}"#) == [Self.notRun("InferenceGraphs")])
  }

  private func cache(_ users: String) throws -> KubeObject {
    var object = KubeObject(.localModelCaches, name: "cache")
    object.spec = ["sourceModelUri": "gs://b/m", "modelSize": "1Gi", "nodeGroups": ["g"]]
    object.status = try JSONValue(parsing: users)
    return object
  }

  @Test(arguments: [
    (#"{}"#, ""), (#"{"inferenceServices":[{"namespace":"team","name":"gone"}]}"#, ""),
    (
      #"{"inferenceServices":[{"namespace":"team","name":"uses"}]}"#,
      "LocalModelCache cache is being used by InferenceService uses"
    ),
    (
      #"{"inferenceServices":[{"namespace":"team","name":"labelled"}]}"#,
      "LocalModelCache cache is being used by InferenceService labelled"
    ),
    (#"{"inferenceServices":[{"namespace":"team","name":"other"}]}"#, ""),
    (
      #"{"llmInferenceServices":[{"namespace":"team","name":"llm"}]}"#,
      "LocalModelCache cache is being used by LLMInferenceService llm"
    ),
  ])
  func aCacheThatIsUsedStays(_ users: String, _ expected: String) throws {
    func service(_ name: String, _ uri: String, _ labels: [String: String] = [:]) throws -> KubeObject {
      try makeService(
        #"{"predictor":{"sklearn":{"storageUri":"\#(uri)"}}}"#, name: name, labels: labels
      ).object
    }
    var llm = KubeObject(.llmInferenceServices, namespace: "team", name: "llm")
    llm.spec = ["model": ["uri": "gs://b/m/sub"]]
    let services = [
      try service("uses", "gs://b/m"), try service("other", "gs://b/m2"),
      try service("labelled", "gs://x/y", ["internal.serving.kserve.io/localmodel": "cache"]),
    ]
    let admission = ServingAdmission(configuration: ServingConfiguration(platform: embedded.platform)) {
      [llm] resource in
      resource == .inferenceServices ? services : resource == .llmInferenceServices ? [llm] : []
    }
    var found = ""
    let object = try cache(users)
    do throws(KubeError) {
      try admission.validateDeletion(object)
    } catch {
      found = error.message
      #expect(error.code == 403)
    }
    #expect(found == expected)
  }
}

/// Caches of one name, of the cluster and of a namespace.
@Suite struct CacheUsersTests {
  @Test(arguments: [("", true, false), ("team", false, true), ("other", false, false)])
  func aServiceUsesOneOfThem(_ marked: String, _ ofCluster: Bool, _ ofNamespace: Bool) throws {
    let prefix = "internal.serving.kserve.io/"
    var labels = ["\(prefix)localmodel": "iris"]
    if !marked.isEmpty { labels["\(prefix)localmodel-namespace"] = marked }
    let service = try makeService(
      #"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#,
      annotations: ["\(prefix)localmodel-sourceuri": "s3://b/m", "\(prefix)localmodel-pvc-name": "iris-g"],
      labels: labels
    ).object
    let admission = ServingAdmission(configuration: ServingConfiguration(platform: embedded.platform)) {
      $0 == .inferenceServices ? [service] : []
    }
    func isHeld(_ cache: KubeObject) -> Bool {
      var cache = cache
      cache.spec = ["sourceModelUri": "s3://b/m", "modelSize": "1Gi", "nodeGroups": ["g"]]
      cache.status = ["inferenceServices": [["namespace": "team", "name": "iris"]]]
      do throws(KubeError) {
        try admission.validateDeletion(cache)
        return false
      } catch {
        return error.code == 403
      }
    }
    #expect(isHeld(KubeObject(.localModelCaches, name: "iris")) == ofCluster)
    #expect(
      isHeld(KubeObject(.localModelNamespaceCaches, namespace: "team", name: "iris")) == ofNamespace)
  }
}

/// The same through the API.
@Suite(.timeLimit(.minutes(2))) struct AdmissionThroughAPITests {
  @Test func deprecatedFieldsAreWarnedOfAndStoredAsTodays() async throws {
    try await withPlatform { platform in
      let response = try await platform.client.transport.send(
        KubeRequest(
          method: "POST", path: KubeResource.inferenceServices.path(namespace: "team"),
          body: .json(try platform.iris().json)))
      #expect(response.status == 201)
      #expect(
        response.warnings == [
          "spec.predictor.sklearn is deprecated: write spec.predictor.model with modelFormat.name sklearn"
        ])
    }
  }

  @Test func aWellKnownConfigIsDeletedWithAWarning() async throws {
    try await withPlatform { platform in
      var config = KubeObject(
        .llmInferenceServiceConfigs, namespace: "kserve", name: "kserve-config-llm-template")
      config.spec = ["model": ["uri": "hf://a/b"]]
      try await platform.client.create(.llmInferenceServiceConfigs, config)
      let response = try await platform.client.transport.send(
        KubeRequest(
          method: "DELETE",
          path: KubeResource.llmInferenceServiceConfigs.path(namespace: "kserve", name: config.name)))
      #expect(response.status == 200)
      #expect(response.warnings.first?.hasPrefix("well-known config kserve/") == true)
    }
  }

  /// What the older version alone has comes back from annotations; the newer shows the new form.
  @Test func anLLMServiceOfTheOlderVersionIsOneOfTheNewer() async throws {
    try await withPlatform { platform in
      var older = KubeResource.llmInferenceServices
      older.version = "v1alpha1"
      var service = KubeObject(older, namespace: "team", name: "llm")
      service.spec = try JSONValue(
        parsing: #"""
          {"model":{"uri":"hf://a/b","name":"m","criticality":"Critical",
            "lora":{"adapters":[{"uri":"hf://x/y","name":"x","criticality":"Sheddable"}]}},"replicas":1}
          """#)
      let created = try await platform.client.create(older, service)
      #expect(created.apiVersion == "serving.kserve.io/v1alpha1")
      #expect(created.spec?.at("model", "criticality") == "Critical")
      let newer = try await platform.client.get(.llmInferenceServices, namespace: "team", name: "llm")
      #expect(newer.apiVersion == "serving.kserve.io/v1alpha2")
      #expect(newer.spec?.at("model", "criticality") == nil)
      #expect(newer.annotations["internal.serving.kserve.io/model-criticality"] == "Critical")

      var changed = newer
      changed.json.set("hf://a/c", at: "spec", "model", "uri")
      try await platform.client.update(.llmInferenceServices, changed)
      let back = try await platform.client.get(older, namespace: "team", name: "llm")
      #expect(back.spec?.at("model", "uri") == "hf://a/c")
      #expect(back.spec?.at("model", "criticality") == "Critical")
      #expect(back.spec?.at("model", "lora", "adapters")?[0]?["criticality"] == "Sheddable")
      #expect(back.annotations.isEmpty)
    }
  }
}
