import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let label = "internal.serving.kserve.io/localmodel"
private let source = "internal.serving.kserve.io/localmodel-sourceuri"
private let claim = "internal.serving.kserve.io/localmodel-pvc-name"

/// Pods of services whose model a cache holds.
@Suite struct LocalModelRulesTests {
  private func service(
    _ uri: String, cached: String = "s3://b/m", spec: String? = nil, without missing: String? = nil
  ) throws -> InferenceService {
    var annotations = [source: cached, claim: "iris-gpu"]
    var labels = [label: "iris"]
    if let missing { (annotations[missing], labels[missing]) = (nil, nil) }
    let predictor = #"{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"\#(uri)"}}"#
    return try makeService(
      spec ?? #"{"predictor":\#(predictor)}"#, annotations: annotations, labels: labels)
  }

  @Test(arguments: [("s3://b/m", ""), ("s3://b/m/", ""), ("s3://b/m/sub/x", "/sub/x")])
  func theClaimStandsInForTheDownload(_ uri: String, _ below: String) throws {
    let pod = try makePod(try service(uri))
    #expect(pod.spec["initContainers"] == nil)
    #expect(
      pod.spec["volumes"] == [
        ["name": "kserve-pvc-source", "persistentVolumeClaim": ["claimName": "iris-gpu"]]
      ])
    let folder = "models/\(LocalModelStorage.key(of: "s3://b/m"))\(below)"
    #expect(
      pod.spec["containers"]?[0]?["volumeMounts"] == [
        [
          "name": "kserve-pvc-source", "mountPath": "/mnt/models", "subPath": .string(folder),
          "readOnly": true,
        ]
      ])
    #expect(
      pod.annotations["internal.serving.kserve.io/storage-initializer-sourceuri"] == uri,
      "the model's own address")
    #expect(pod.labels[label] == "iris", "by which the cache's users are found")
    #expect(pod.annotations[claim] == "iris-gpu")
  }

  /// Sixteen hexadecimal digits of SHA-256: what upstream's agent calls the folder.
  @Test(arguments: [
    ("", "e3b0c44298fc1c14"), ("abc", "ba7816bf8f01cfea"),
  ])
  func theFolderIsNamedByTheAddress(_ uri: String, _ expected: String) {
    #expect(LocalModelStorage.key(of: uri) == expected)
  }

  @Test(arguments: [label, source, claim])
  func withoutAllOfTheMarksTheModelIsFetched(_ missing: String) throws {
    let pod = try makePod(try service("s3://b/m", without: missing))
    #expect(pod.spec["initContainers"]?[0]?["args"] == ["s3://b/m", "/mnt/models"])
  }

  @Test func aModelThatTheCacheDoesNotHoldIsFetched() throws {
    let pod = try makePod(try service("s3://b/other"))
    #expect(pod.spec["initContainers"]?[0]?["args"] == ["s3://b/other", "/mnt/models"])
  }

  @Test(arguments: ["s3://b/m/../../secret", "s3://b/m/.."])
  func aPathThatLeavesTheModelIsRefused(_ uri: String) throws {
    let failure = #expect(throws: ServingFailure.self) { try makePod(try service(uri)) }
    #expect(failure?.message.contains("..") == true)
  }

  /// Nothing is fetched, so the credentials of `storage` need not be there.
  @Test func credentialsAreNotAskedFor() throws {
    let spec = #"""
      {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"s3://b/m",
        "storage":{"key":"mine"}}}}
      """#
    let credentials = StorageCredentials(
      secret: { _, _ in nil }, serviceAccount: { _, _ in nil }, names: { .init() })
    let pod = try makePod(try service("", spec: spec), credentials: credentials)
    #expect(pod.spec["initContainers"] == nil)
    #expect(
      throws: ServingFailure.self, "without the cache they are",
      performing: {
        try makePod(try service("", spec: spec, without: label), credentials: credentials)
      })
  }

  @Test func ownContainersFindTheCopyToo() throws {
    let spec = #"""
      {"predictor":{"containers":[{"image":"x","env":[{"name":"STORAGE_URI","value":"s3://b/m"}]}]}}
      """#
    let pod = try makePod(try service("", spec: spec))
    #expect(pod.spec["volumes"]?[0]?.at("persistentVolumeClaim", "claimName") == "iris-gpu")
    #expect(pod.spec["containers"]?[0]?.environmentValue("STORAGE_URI") == "/mnt/models")
  }

  /// The marks speak of the predictor's model alone (upstream mounts the claim in the explainer too).
  @Test func otherComponentsFetchTheirOwn() throws {
    let spec = #"""
      {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"s3://b/m"}},
       "explainer":{"art":{"type":"SquareAttack","storageUri":"s3://b/m"}}}
      """#
    let plan = makePlan(try service("", spec: spec))
    func initializer(_ name: String) throws -> JSONValue? {
      try plan.child(.deployments, name).json.at("spec", "template", "spec", "initContainers")
    }
    #expect(try initializer("iris-predictor") == nil)
    #expect(try initializer("iris-explainer")?[0]?["args"] == ["s3://b/m", "/mnt/models"])
  }

  @Test func aCanaryWithAnotherModelIsFetched() throws {
    let spec = #"""
      {"predictor":{"name":"one","model":{"modelFormat":{"name":"sklearn"},"storageUri":"s3://b/m"}},
       "canary":[{"trafficPercent":1,"predictor":{"name":"two",
         "model":{"modelFormat":{"name":"sklearn"},"storageUri":"s3://b/n"}}}]}
      """#
    let plan = makePlan(try service("", spec: spec))
    let pod = try plan.child(.deployments, "iris-two-predictor").json.at("spec", "template", "spec")
    #expect(pod?["initContainers"]?[0]?["args"] == ["s3://b/n", "/mnt/models"])
  }
}

/// What the sentence says where nobody has made the claim.
@Suite struct LocalModelClaimTests {
  @Test(arguments: [
    ("iris-gpu", "", "with the copies of LocalModelCache \"iris\" does not exist in namespace team", true),
    (
      "iris-gpu", "team",
      "with the copies of LocalModelNamespaceCache \"iris\" does not exist in namespace team", true
    ),
    ("other", "", "\"other\" does not exist in namespace team", false),
  ])
  func aMissingClaimOfACacheIsExplained(
    _ name: String, _ namespace: String, _ expected: String, _ isOfCache: Bool
  ) throws {
    let message = #"persistentvolumeclaim \"\#(name)\" not found"#
    let scheduled = #"{"conditions":[{"type":"PodScheduled","status":"False","message":"\#(message)"}]}"#
    let waiting = #"""
      {"containerStatuses":[{"name":"kserve-container","state":{"waiting":{"reason":"ContainerCreating",
        "message":"\#(message)"}}}]}
      """#
    for status in [scheduled, waiting] {
      var pod = try makePodObject("p", status: status)
      pod.labels[label] = "iris"
      pod.labels["\(label)-namespace"] = namespace.isEmpty ? nil : namespace
      pod.annotations = [source: "s3://b/m", claim: "iris-gpu"]
      let cause = try #require(PodFailure(pod)).cause
      #expect(cause.code == .claimMissing && cause.value == name)
      #expect(cause.sentence.contains(expected), "\(cause.sentence)")
      #expect(cause.sentence.contains("serving.kserve.io/disable-localmodel") == isOfCache)
    }
  }
}

/// The same through the API: caches are looked up when a service is written.
@Suite(.timeLimit(.minutes(2))) struct LocalModelAdmissionTests {
  @Test func aServiceOfACachedModelGetsItsClaimAndTheCacheStays() async throws {
    try await withPlatform { platform in
      try await platform.configure("localModel", #"{"enabled":true,"jobNamespace":"jobs"}"#)
      while !platform.configuration.current.localModel.isEnabled { await Task.yield() }
      var cache = KubeObject(.localModelNamespaceCaches, namespace: "team", name: "iris")
      cache.spec = ["sourceModelUri": "s3://b/m", "modelSize": "1Gi", "nodeGroups": ["gpu"]]
      cache = try await platform.client.create(.localModelNamespaceCaches, cache)
      let informer = platform.informers.informer(.localModelNamespaceCaches)
      while !informer.hasObserved(cache.resourceVersion) { await Task.yield() }
      try await platform.client.create(
        .inferenceServices, platform.service(#"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#))
      let deployment = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      let pod = deployment.json.at("spec", "template", "spec")
      #expect(pod?["volumes"]?[0]?.at("persistentVolumeClaim", "claimName") == "iris-gpu")
      #expect(deployment.labels["\(label)-namespace"] == "team")

      cache.status = ["inferenceServices": [["namespace": "team", "name": "iris"]]]
      try await platform.client.updateStatus(.localModelNamespaceCaches, cache)
      let services = platform.informers.informer(.inferenceServices)
      while services.get(namespace: "team", name: "iris") == nil { await Task.yield() }
      let error = await #expect(throws: KubeError.self) {
        try await platform.client.delete(.localModelNamespaceCaches, namespace: "team", name: "iris")
      }
      #expect(
        error?.message == "LocalModelNamespaceCache team/iris is being used by InferenceService team/iris")

      // Without the cache the pod fetches again.
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/disable-localmodel": "true"]]])
      _ = try await platform.waitFor(.deployments, "iris-predictor") {
        $0.json.at("spec", "template", "spec", "initContainers")?[0]?["args"] == ["s3://b/m", "/mnt/models"]
      }
    }
  }
}
