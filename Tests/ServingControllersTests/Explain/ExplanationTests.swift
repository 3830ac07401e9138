import Basics
import ControllerKit
import Formats
import KubeProtocol
import Linux
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct ExplanationTests {
  private static let model =
    #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"}}}"#

  private func evidence(
    _ spec: String = model, conditions: String = "[]", pod: String? = nil, ready: Bool = false
  ) throws -> ServiceEvidence {
    var service = try makeService(spec).object
    service.status = ["observedGeneration": 1, "conditions": try JSONValue(parsing: conditions)]
    var evidence = ServiceEvidence(service: service)
    evidence.clusterRuntimes = BuiltInRuntimes.all
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    deployment.uid = "d"
    deployment.labels = ["component": "predictor"]
    deployment.spec = ["replicas": 1]
    deployment.status = ["availableReplicas": ready ? 1 : 0]
    evidence.deployments = [deployment]
    var set = KubeObject(.replicaSets, namespace: "team", name: "iris-predictor-abc")
    set.uid = "r"
    set.ownerReferences = [OwnerReference(controller: deployment)]
    set.spec = ["replicas": 1]
    set.status = ["readyReplicas": ready ? 1 : 0]
    evidence.replicaSets = [set]
    if let pod {
      var object = try makePodObject(
        "iris-predictor-abc-1", phase: ready ? "Running" : "Pending", ready: ready, status: pod)
      object.uid = "p"
      object.ownerReferences = [OwnerReference(controller: set)]
      object.annotations = ["internal.serving.kserve.io/storage-initializer-sourceuri": "gs://b/m"]
      evidence.pods = [object]
    }
    return evidence
  }

  private static let denied = #"""
    {"initContainerStatuses":[{"name":"storage-initializer","restartCount":2,
      "state":{"waiting":{"reason":"CrashLoopBackOff"}},
      "lastState":{"terminated":{"reason":"Error","exitCode":63,
        "message":"{\"code\":\"AccessDenied\",\"message\":\"gs://b/m answered 403\",\"value\":\"gs://b/m\"}"}}}]}
    """#
  private static let ready = #"[{"type":"Ready","status":"True"},{"type":"PredictorReady","status":"True"}]"#

  @Test func aHealthyServiceHasNothingToSay() throws {
    let explanation = Explanation(
      try evidence(conditions: Self.ready, pod: #"{"podIP":"127.0.0.9"}"#, ready: true))
    #expect(explanation.isHealthy)
    #expect(explanation.isReady)
    #expect(explanation.json["code"] == .null)
    #expect(explanation.chain.allSatisfy { $0.state == .good })
  }

  @Test func whatDoesKnativesWorkIsANoteAndNoFault() throws {
    let builtIn = #"{"type":"KnativeInstalled","status":"False","reason":"BuiltIn","severity":"Info"}"#
    let explanation = Explanation(
      try evidence(
        conditions: "\(Self.ready.dropLast()),\(builtIn)]", pod: #"{"podIP":"127.0.0.9"}"#, ready: true))
    #expect(explanation.isHealthy)
    #expect(explanation.chain.first { $0.name == "KnativeInstalled" }?.state == .note)
    #expect(!explanation.chain.contains { $0.state == .failed })
  }

  @Test func theChainLeadsFromTheServiceToTheDownload() throws {
    var evidence = try evidence(
      conditions: #"[{"type":"Ready","status":"False","reason":"AccessDenied","message":"m"}]"#,
      pod: Self.denied)
    evidence.logs = [
      .init(
        pod: "iris-predictor-abc-1", container: "storage-initializer", isPrevious: true,
        lines: ["fetching", "apus: 403"])
    ]
    let explanation = Explanation(evidence)
    #expect(explanation.cause?.code == .accessDenied)
    #expect(explanation.cause?.value == "gs://b/m")
    let links = explanation.chain.map { "\($0.kind) \($0.name) \($0.state.rawValue)" }
    #expect(
      links == [
        "InferenceService iris failed", "component predictor waiting",
        "ClusterServingRuntime kserve-sklearnserver ok", "Deployment iris-predictor waiting",
        "ReplicaSet iris-predictor-abc waiting", "Pod iris-predictor-abc-1 failed",
        "download gs://b/m failed",
        "log storage-initializer note", "log storage-initializer note",
      ])
    #expect(explanation.json["message"]?.string == explanation.cause?.sentence)
  }

  @Test func conditionStatusAndExplanationSayTheSame() throws {
    let evidence = try evidence(pod: Self.denied)
    let sentence = try #require(Explanation(evidence).cause?.sentence)
    let failure = ComponentFailure.find(deployment: evidence.deployments.first, pods: evidence.pods)
    #expect(failure?.explanation == sentence)
    let model = ModelStatus(pods: evidence.pods, now: moment)
    #expect(model.failureInfo?["message"]?.string == sentence)
    #expect(model.failureInfo?["reason"]?.string == "ModelLoadFailed")
  }

  @Test(arguments: [
    (#"{"modelFormat":{"name":"sklearn"},"runtime":"nope"}"#, FailureCode.runtimeNotRecognized, "nope"),
    (#"{"modelFormat":{"name":"cobol"}}"#, .noSupportingRuntime, "cobol"),
    (#"{"modelFormat":{"name":"sklearn"},"protocolVersion":"grpc-v1"}"#, .protocolNotSupported, "grpc-v1"),
    (
      #"{"modelFormat":{"name":"sklearn"},"runtime":"kserve-sklearnserver","protocolVersion":"grpc-v1"}"#,
      .protocolNotSupported, "grpc-v1"
    ),
  ])
  func runtimesThatCannotBeHadAreTold(_ model: String, _ code: FailureCode, _ value: String) throws {
    var evidence = try evidence(#"{"predictor":{"model":\#(model)}}"#)
    evidence.deployments = []
    let explanation = Explanation(evidence)
    #expect(explanation.cause?.code == code)
    #expect(explanation.cause?.value == value)
    #expect(!explanation.runtimes.isEmpty)
    #expect(explanation.runtimes.allSatisfy { !$0.isChosen && !$0.reason.isEmpty })
  }

  @Test func theChosenRuntimeAndWhyNoOther() throws {
    let verdicts = Explanation(try evidence(conditions: Self.ready)).runtimes
    #expect(verdicts.filter(\.isChosen).map(\.name) == ["kserve-sklearnserver"])
    #expect(verdicts.first { $0.name == "kserve-xgbserver" }?.reason == "does not support the format sklearn")
  }

  @Test func aCanaryThatIsNeverReadyIsToldBesideTheOneThatServes() throws {
    var evidence = try evidence(conditions: Self.ready, pod: "{}", ready: true)
    var canary = KubeObject(.deployments, namespace: "team", name: "iris-predictor-00002")
    canary.labels = ["component": "predictor"]
    canary.annotations = ["apus.dev/role": "revision", "apus.dev/revision": "iris-predictor-00002"]
    evidence.deployments.append(canary)
    var pod = try makePodObject("c-1", status: Self.denied)
    pod.labels["app"] = "isvc.iris-predictor-00002"
    evidence.pods.append(pod)
    let explanation = Explanation(evidence)
    #expect(explanation.isReady)
    #expect(explanation.cause?.code == .canaryNotReady)
    // Undone it gets no requests, and is nobody's trouble.
    evidence.service.json.set(0, at: "spec", "predictor", "canaryTrafficPercent")
    #expect(Explanation(evidence).cause == nil)
    evidence.service.json.set(1, at: "spec", "predictor", "canaryTrafficPercent")
    #expect(Explanation(evidence).cause?.code == .canaryNotReady)
    #expect(explanation.cause?.value == "iris-predictor-00002")
    #expect(explanation.cause?.details["underlyingCode"] == "AccessDenied")
  }

  @Test func nothingFailedIsNotYetReady() throws {
    let explanation = Explanation(try evidence())
    #expect(explanation.cause?.code == .notReadyYet)
    #expect(!explanation.isReady)
  }

  @Test func theControllersOwnWordsHaveACode() throws {
    let conditions = #"""
      [{"type":"PredictorReady","status":"False","reason":"InvalidPredictorSpec","message":"do this"},
       {"type":"Ready","status":"False","reason":"InvalidPredictorSpec","message":"do this"}]
      """#
    let explanation = Explanation(try evidence(conditions: conditions))
    #expect(explanation.cause?.code == .invalidSpec)
    #expect(explanation.cause?.sentence == "do this")
  }

  @Test func aStatusOfAnOlderSpecProvesNothing() throws {
    var evidence = try evidence(conditions: Self.ready, pod: "{}", ready: true)
    evidence.service.generation = 2
    let explanation = Explanation(evidence)
    #expect(!explanation.isReady)
    #expect(explanation.chain.first?.message.contains("generation 2") == true)
  }

  @Test func aStoppedServiceIsAsItShouldBe() throws {
    var evidence = try evidence()
    evidence.service.annotations["serving.kserve.io/stop"] = "true"
    #expect(Explanation(evidence).isHealthy)
  }

  @Test func aConfigurationThatCannotBeReadIsTold() {
    var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
    configMap["data"] = ["ingress": "{nonsense"]
    let explanation = Explanation(configMap: configMap, name: configMap.name, namespace: "kserve")
    #expect(explanation.cause?.code == .invalidConfiguration)
    #expect(explanation.cause?.value == "ingress")
    #expect(Explanation(configMap: nil, name: "c", namespace: "kserve").isHealthy)
  }

  @Test func objectsWithoutSenseAreExplainedWithoutHarm() throws {
    var evidence = ServiceEvidence(service: KubeObject(json: ["kind": "InferenceService", "spec": 3]))
    for json in ["{}", #"{"status":{"containerStatuses":[3,{}],"conditions":"x"}}"#, #"{"spec":[]}"#] {
      let object = KubeObject(json: try JSONValue(parsing: json))
      evidence.pods.append(object)
      evidence.deployments.append(object)
      evidence.replicaSets.append(object)
      evidence.events.append(object)
      evidence.routes.append(object)
    }
    #expect(Explanation(evidence).json["chain"]?.array?.isEmpty == false)
  }
}

@Suite struct FailureCodeTests {
  private static let upstream: Set<String> = [
    "ModelLoadFailed", "RuntimeUnhealthy", "RuntimeDisabled", "NoSupportingRuntime", "RuntimeNotRecognized",
    "InvalidPredictorSpec", "",
  ]

  @Test(arguments: FailureCode.allCases) func eachCodeIsDescribed(_ code: FailureCode) {
    #expect(Self.upstream.contains(code.entry.reason))
    #expect(!code.entry.meaning.isEmpty)
    #expect(!code.entry.fix.isEmpty)
    #expect(code == .unknown || code.entry.value != "none" || code == .notReadyYet)
    #expect(FailureCode(reason: code.rawValue) == code)
  }

  @Test func exitCodesAreUnique() {
    let codes = FailureCode.allCases.compactMap(\.entry.exitCode)
    #expect(Set(codes).count == codes.count)
  }
}

@Suite struct FailureCodeDocumentTests {
  /// The documented list is the list.
  @Test func eachCodeHasItsRow() throws {
    let path = "\(#filePath)".split(separator: "/").dropLast(4).joined(separator: "/")
    let text = String(decoding: try Files.read("/\(path)/docs/failure-codes.md"), as: UTF8.self)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let cells = rows.map { $0.split(separator: "|").map { $0.filter { $0 != "`" } } }
    let documented = Dictionary(
      cells.map { (String($0[0]).trimmed, $0.map { String($0).trimmed }) },
      uniquingKeysWith: { first, _ in first })
    for code in FailureCode.allCases where code != .unknown {
      let row = try #require(documented[code.rawValue], "\(code.rawValue) is not documented")
      #expect(row[1] == code.entry.exitCode.map { String($0) } ?? "")
      #expect(row[2] == code.entry.reason)
      #expect(row[4] == code.entry.meaning)
    }
    #expect(documented.count == FailureCode.allCases.count - 1)
  }
}

extension String {
  fileprivate var trimmed: String {
    var rest = self[...]
    while rest.first == " " { rest = rest.dropFirst() }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }
}
