import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct ComponentPodsTests {
  private func container(_ pod: PodTemplate, _ name: String = "kserve-container") throws -> JSONValue {
    try #require(pod.spec["containers"]?.array?.first { $0["name"]?.string == name })
  }

  private func variables(_ container: JSONValue) -> [String: String] {
    var found: [String: String] = [:]
    for entry in container["env"]?.array ?? [] {
      found[entry["name"]?.string ?? ""] = entry["value"]?.string ?? ""
    }
    return found
  }

  @Test func theContainerOfTheServiceGoesOverTheOneOfTheRuntime() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"""
        {"containers":[{"name":"kserve-container","image":"corp/server:1","args":["--a={{.Name}}"],
          "env":[{"name":"ONE","value":"1"},{"name":"TWO","value":"2"}],
          "resources":{"limits":{"cpu":"1","memory":"2Gi"}}}],
         "nodeSelector":{"zone":"a"},"tolerations":[{"key":"x"}],"hostIPC":true}
        """#)
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"nodeSelector":{"disk":"ssd"},"serviceAccountName":"me","model":{"modelFormat":{"name":"sklearn"},
          "storageUri":"pvc://c/p","args":["--b"],"env":[{"name":"TWO","value":"zwei"},{"name":"THREE","value":"3"}],
          "resources":{"limits":{"cpu":"4"}}}}}
        """#), runtime: runtime)
    let main = try container(pod)
    #expect(main["image"]?.string == "corp/server:1")
    #expect(main["args"] == ["--a=iris", "--b"])
    #expect(
      variables(main) == ["ONE": "1", "TWO": "zwei", "THREE": "3", "INFERENCE_SERVICE_NAME": "iris"])
    #expect(main.at("resources", "limits") == ["cpu": "4", "memory": "2Gi"])
    #expect(pod.spec["nodeSelector"] == ["zone": "a", "disk": "ssd"])
    #expect(pod.spec["tolerations"]?.array?.count == 1)
    #expect(pod.spec["serviceAccountName"]?.string == "me")
    #expect(pod.spec["hostIPC"] == nil)
  }

  @Test func valuesWithNastyCharactersStayWhole() throws {
    let nasty = #"quote " backslash \ brace }} <html> & newline"# + "\n\u{1F600}"
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra:
        #"{"containers":[{"name":"kserve-container","image":"i","args":["{{.Annotations.note}}","{{.Labels.tier}}"]}]}"#
    )
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"}}}}"#, annotations: ["note": nasty],
        labels: ["tier": "gold"]), runtime: runtime)
    #expect(try container(pod)["args"] == [.string(nasty), "gold"])
  }

  @Test func anUnknownPlaceholderFailsWithUpstreamsMessage() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{"args":["{{.Wrong}}"]}}}"#)
    let failure = #expect(throws: ServingFailure.self) { try makePod(service) }
    #expect(failure?.reason == .invalidPredictorSpec)
    #expect(
      failure?.message.hasPrefix(
        "failed to replace placeholders in serving runtime kserve-sklearnserver Container kserve-container"
      ) == true)
    #expect(failure?.explanation.contains("{{.Wrong}}") == true)
  }

  @Test func aRuntimeWithoutKserveContainerIsRefused() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#, extra: #"{"containers":[{"name":"other"}]}"#)
    let failure = #expect(throws: ServingFailure.self) {
      try makePod(try makeService(#"{"predictor":{"sklearn":{}}}"#), runtime: runtime)
    }
    #expect(
      failure?.message.hasPrefix("failed to find kserve-container in ServingRuntime containers") == true)
  }

  @Test func containersKeepUpstreamsOrder() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"""
        {"containers":[{"name":"side","image":"s"},{"name":"kserve-container","image":"i"},
          {"name":"transformer-container","image":"t","args":["{{.Name}}"]}]}
        """#)
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/p"},
          "containers":[{"name":"own","image":"o"},{"name":"transformer-container","image":"mine"}]}}
        """#), runtime: runtime)
    let containers = pod.spec["containers"]?.array ?? []
    #expect(
      containers.compactMap { $0["name"]?.string } == [
        "kserve-container", "transformer-container", "side", "own",
      ])
    #expect(containers[1]["image"]?.string == "mine")
    #expect(containers[1]["args"] == ["iris"])
    #expect(containers.allSatisfy { variables($0)["INFERENCE_SERVICE_NAME"] == "iris" })
    #expect(
      containers.map { $0["volumeMounts"]?.array?.count ?? 0 } == [1, 1, 0, 0],
      "the model is mounted where requests are served")
    #expect(pod.servingContainer["name"]?.string == "transformer-container")
  }

  @Test func aClaimIsMountedDirectly() throws {
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{"storageUri":"pvc://samples/models//iris/"}}}"#))
    #expect(pod.spec["initContainers"] == nil)
    #expect(
      pod.spec["volumes"] == [
        ["name": "kserve-pvc-source", "persistentVolumeClaim": ["claimName": "samples"]]
      ])
    #expect(
      try container(pod)["volumeMounts"] == [
        [
          "name": "kserve-pvc-source", "mountPath": "/mnt/models", "subPath": "models/iris", "readOnly": true,
        ]
      ])
    #expect(
      pod.annotations["internal.serving.kserve.io/storage-initializer-sourceuri"]
        == "pvc://samples/models//iris/")
  }

  @Test func theWholeClaimHasNoSubPathAndCanBeWritable() throws {
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{"storageUri":"pvc://samples"}}}"#,
        annotations: ["storage.kserve.io/readonly": "false"]))
    let mount = try #require(try container(pod)["volumeMounts"]?[0])
    #expect(mount["subPath"] == nil)
    #expect(mount["readOnly"]?.bool == false)
  }

  @Test(arguments: ["gs://b/m", "s3://b/m", "https://h/m.zip", "hf://o/m", "/srv/m", "file:///srv/m"])
  func everythingElseIsFetchedByAnInitContainer(_ uri: String) throws {
    let pod = try makePod(try makeService(#"{"predictor":{"sklearn":{"storageUri":"\#(uri)"}}}"#))
    let initializer = try #require(pod.spec["initContainers"]?[0])
    #expect(initializer["name"]?.string == "storage-initializer")
    #expect(initializer["image"]?.string == "kserve/storage-initializer:latest")
    #expect(initializer["args"] == [.string(uri), "/mnt/models"])
    #expect(initializer["terminationMessagePolicy"]?.string == "FallbackToLogsOnError")
    #expect(
      initializer["volumeMounts"] == [["name": "kserve-provision-location", "mountPath": "/mnt/models"]])
    #expect(initializer.at("resources", "limits", "memory")?.string == "1Gi")
    #expect(pod.spec["volumes"] == [["name": "kserve-provision-location", "emptyDir": [:]]])
    #expect(
      try container(pod)["volumeMounts"] == [
        ["name": "kserve-provision-location", "mountPath": "/mnt/models", "readOnly": true]
      ])
  }

  @Test func severalSourcesShareOneInitContainerAndClaimsKeepTheirPath() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[
          {"uri":"gs://b/a","mountPath":"/mnt/models/a"},{"uri":"s3://b/b","mountPath":"/mnt/models/b"},
          {"uri":"pvc://c/sub","mountPath":"/mnt/lora"}]}}
        """#))
    let initializer = try #require(pod.spec["initContainers"]?[0])
    #expect(initializer["args"] == ["gs://b/a", "/mnt/models/a", "s3://b/b", "/mnt/models/b"])
    #expect(initializer["volumeMounts"]?[0]?["mountPath"]?.string == "/mnt/models")
    let mounts = try container(pod)["volumeMounts"]?.array ?? []
    #expect(mounts.compactMap { $0["mountPath"]?.string } == ["/mnt/lora", "/mnt/models"])
    #expect(mounts[0]["subPath"]?.string == "sub")
  }

  @Test func aCustomPredictorKeepsItsSpecAndFindsItsModel() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"serviceAccountName":"me","containers":[{"name":"x","image":"mine","command":["python","m.py"],
          "env":[{"name":"STORAGE_URI","value":"gs://b/m"}],"ports":[{"containerPort":9000,"name":"h"}]},
          {"name":"helper","image":"h"}]}}
        """#))
    let containers = pod.spec["containers"]?.array ?? []
    #expect(containers.compactMap { $0["name"]?.string } == ["x", "helper"])
    #expect(pod.spec["serviceAccountName"]?.string == "me")
    #expect(pod.spec["initContainers"]?[0]?["args"] == ["gs://b/m", "/mnt/models"])
    let single = try makePod(
      try makeService(
        #"""
        {"predictor":{"containers":[{"image":"mine","env":[{"name":"STORAGE_URI","value":"gs://b/m"}]}]}}
        """#))
    #expect(variables(try container(single))["STORAGE_URI"] == "/mnt/models")
    #expect(try container(single)["volumeMounts"]?[0]?["readOnly"]?.bool == true)
  }

  @Test func anOwnMountAtThatPlaceWins() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"sklearn":{"storageUri":"pvc://c/p","volumeMounts":[{"name":"mine","mountPath":"/mnt/models"}]},
          "volumes":[{"name":"mine","emptyDir":{}}]}}
        """#))
    #expect(try container(pod)["volumeMounts"] == [["name": "mine", "mountPath": "/mnt/models"]])
  }

  @Test func theDefaultProbeAsksTheFirstPort() throws {
    let plain = try container(try makePod(try makeService(#"{"predictor":{"sklearn":{}}}"#)))
    #expect(
      plain["readinessProbe"] == [
        "tcpSocket": ["port": 8080], "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
        "failureThreshold": 3,
      ])
    let ported = try container(
      try makePod(try makeService(#"{"predictor":{"sklearn":{"ports":[{"containerPort":9001}]}}}"#)))
    #expect(ported.at("readinessProbe", "tcpSocket", "port")?.int == 9001)
    let own = try container(
      try makePod(try makeService(#"{"predictor":{"sklearn":{"readinessProbe":{"httpGet":{"port":1}}}}}"#)))
    #expect(own["readinessProbe"] == ["httpGet": ["port": 1]])
  }

  @Test(
    arguments: [
      ("corp:5000/server:1", nil, nil, false, "corp:5000/server:1"),
      ("corp:5000/server", "v2", nil, false, "corp:5000/server:v2"),
      ("corp/server@sha256:abc", "v2", nil, false, "corp/server@sha256:abc"),
      ("tf:2.6", nil, "tensorflow-serving", true, "tf:2.6-gpu"),
      ("tf:2.6", nil, "tensorflow-serving", false, "tf:2.6"),
      ("tf:2.6", "3.0", "tensorflow-serving", true, "tf:3.0"),
      ("vllm:1", nil, "vllmserver", false, "vllm-cpu:1"), ("vllm:1", nil, "vllmserver", true, "vllm:1"),
    ] as [(String, String?, String?, Bool, String)])
  func imagesFollowVersionAndGPU(
    _ image: String, _ version: String?, _ server: String?, _ gpu: Bool, _ expected: String
  ) {
    let container: JSONValue = gpu ? ["resources": ["limits": ["nvidia.com/gpu": "1"]]] : [:]
    #expect(
      RuntimeImage.resolve(image, version: version, serverType: server, container: container) == expected)
  }

  @Test func labelsAndAnnotationsAreLayeredAndFiltered() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"{"labels":{"a":"runtime","b":"runtime","c":"runtime"},"annotations":{"x":"runtime"}}"#)
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{},"labels":{"a":"component"},"annotations":{"z":"component"}}}"#,
        annotations: [
          "y": "service", "autoscaling.knative.dev/min-scale": "1",
          "kubectl.kubernetes.io/last-applied-configuration": "{}",
        ], labels: ["a": "service", "b": "service", "component": "mine"]), runtime: runtime)
    #expect(
      pod.labels == [
        "a": "component", "b": "service", "c": "runtime", "component": "predictor",
        "serving.kserve.io/inferenceservice": "iris",
      ])
    #expect(
      pod.annotations == [
        "x": "runtime", "y": "service", "z": "component", "serving.kserve.io/deploymentMode": "Standard",
      ])
  }

  @Test func anAcceleratorChoosesItsNodes() throws {
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{},"nodeSelector":{"a":"b"}}}"#,
        annotations: ["serving.kserve.io/gke-accelerator": "nvidia-tesla-t4"]))
    #expect(
      pod.spec["nodeSelector"] == ["a": "b", "cloud.google.com/gke-accelerator": "nvidia-tesla-t4"])
  }

  @Test func loggerAndBatcherReachTheModelServer() throws {
    var configured = embedded
    configured.logger.authorityConfigMap = "sink-ca"
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"sklearn":{},"batcher":{"maxLatency":7},"logger":{"mode":"request","url":"https://sink",
          "metadataHeaders":["A","B"],"metadataAnnotations":["team","absent"]}}}
        """#, annotations: ["team": "blue"]), configuration: configured)
    let main = try container(pod)
    let found = variables(main)
    #expect(found["APUS_SERVER_MAX_BATCHSIZE"] == "32")
    #expect(found["APUS_SERVER_MAX_LATENCY"] == "7")
    #expect(found["APUS_LOG_URL"] == "https://sink")
    #expect(found["APUS_LOG_MODE"] == "request")
    #expect(found["APUS_LOG_INFERENCE_SERVICE"] == "iris")
    #expect(found["APUS_LOG_COMPONENT"] == "predictor")
    #expect(found["APUS_LOG_METADATA_HEADERS"] == "A,B")
    #expect(found["APUS_LOG_ANNOTATIONS"] == #"{"team":"blue"}"#)
    #expect(found["APUS_LOG_CA_FILE"] == "/etc/tls/logger/service-ca.crt")
    #expect(
      main["env"]?.array?.contains { $0.at("valueFrom", "fieldRef", "fieldPath") == "metadata.name" } == true)
    #expect(pod.spec["volumes"]?.array?.contains { $0.at("configMap", "name") == "sink-ca" } == true)
    let plain = variables(
      try container(
        try makePod(try makeService(#"{"predictor":{"sklearn":{"storageUri":"pvc://c/p"}}}"#))))
    #expect(!plain.keys.contains { $0.hasPrefix("APUS_") })
  }

  @Test func mlserverGetsItsVariablesAndClass() throws {
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m","protocolVersion":"v2"}}}"#))
    let main = variables(try container(pod))
    #expect(main["MLSERVER_MODEL_NAME"] == "iris")
    #expect(main["MLSERVER_MODEL_URI"] == "/mnt/models")
    #expect(main["MLSERVER_MODEL_IMPLEMENTATION"] == "mlserver_sklearn.SKLearnModel")
    #expect(pod.labels["modelClass"] == "mlserver_sklearn.SKLearnModel")
  }

  @Test(arguments: [
    (#"{"predictor":{"sklearn":{"storageUri":"oci://r/i"}}}"#, "OCI image"),
    (#"{"predictor":{"sklearn":{"storageUri":"ftp://r/i"}}}"#, "is not supported"),
  ])
  func whatCannotBeDeployedIsSaid(_ spec: String, _ expected: String) throws {
    let service = try makeService(spec)
    let failure = #expect(throws: ServingFailure.self) {
      _ = try makePod(service)
    }
    #expect(failure?.reason == .invalidPredictorSpec)
    #expect(failure?.explanation.contains(expected) == true)
  }

  @Test func credentialsReachTheInitContainerOnly() throws {
    struct Injector: CredentialInjector {
      func inject(
        into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI],
        service: InferenceService
      ) {
        container["envFrom"] = [["secretRef": ["name": .string(uris.map(\.authority).joined())]]]
        volumes.append(["name": "secret"])
      }
    }
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#), credentials: Injector())
    #expect(pod.spec["initContainers"]?[0]?["envFrom"]?[0]?.at("secretRef", "name")?.string == "b")
    #expect(
      pod.spec["volumes"]?.array?.compactMap { $0["name"]?.string } == [
        "secret", "kserve-provision-location",
      ])
    #expect(try container(pod)["envFrom"] == nil)
  }
}
