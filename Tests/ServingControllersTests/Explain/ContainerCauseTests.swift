import Basics
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// One container's status, and what is to be found in it.
struct ContainerCase: CustomTestStringConvertible, Sendable {
  var status: String
  var code: FailureCode
  var value: String
  var words: String
  var testDescription: String { "\(code.rawValue) \(value)" }

  init(_ status: String, _ code: FailureCode, _ value: String, _ words: String = "") {
    self.status = status
    self.code = code
    self.value = value
    self.words = words
  }

  static func ended(
    _ message: String, name: String = "kserve-container", code: Int = 1, reason: String = "Error"
  ) -> String {
    let text = JSONValue.string(message).encodedText
    return #"{"name":"\#(name)","state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}},"#
      + #""lastState":{"terminated":{"reason":"\#(reason)","exitCode":\#(code),"message":\#(text),"#
      + #""startedAt":"2026-11-21T01:00:00Z","finishedAt":"2026-11-21T01:00:01Z"}}}"#
  }

  static func waiting(_ reason: String, _ message: String, name: String = "kserve-container") -> String {
    let text = JSONValue.string(message).encodedText
    return #"{"name":"\#(name)","state":{"waiting":{"reason":"\#(reason)","message":\#(text)}}}"#
  }
}

@Suite struct ContainerCauseTests {
  private func pod(_ statuses: String, conditions: String = "[]") throws -> KubeObject {
    var pod = try makePodObject(
      "p", phase: "Running",
      status: #"{"podIP":"127.4.0.9","containerStatuses":[\#(statuses)],"conditions":\#(conditions)}"#)
    pod.uid = "u"
    pod.annotations = ["internal.serving.kserve.io/storage-initializer-sourceuri": "gs://b/m"]
    pod.spec = try JSONValue(
      parsing: #"""
        {"containers":[{"name":"kserve-container","image":"corp/x:1","resources":{"limits":{"memory":"64Mi"}},
          "readinessProbe":{"httpGet":{"path":"/ok","port":8080},"failureThreshold":2},
          "livenessProbe":{"tcpSocket":{"port":"http"}}},
          {"name":"transformer-container","image":"t","readinessProbe":{"tcpSocket":{"port":8081}}}]}
        """#)
    return pod
  }

  private static let cases: [ContainerCase] = [
    .init(
      ContainerCase.ended(#"{"code":"SeveralModels","message":"two of them","value":"/mnt/models"}"#),
      .severalModels, "gs://b/m", "two of them; leave one model file"),
    .init(
      ContainerCase.ended(#"{"code":"AccessDenied","message":"no","fix":"ask"}"#), .accessDenied, "gs://b/m",
      "the model could not be fetched: no; ask"),
    .init(
      ContainerCase.ended(#"{"code":"SourceNotFound","message":"gs://b/m is not there; check the address"}"#),
      .sourceNotFound, "gs://b/m", "the model could not be fetched: gs://b/m is not there; check the address"),
    .init(
      ContainerCase.ended(#"{"code":"ModelMissing","message":"nothing; found only: a","value":"/m"}"#),
      .modelMissing, "gs://b/m", "nothing; found only: a; put the model's file"),
    .init(
      ContainerCase.ended("RuntimeError: Failed to fetch: 404 not found", name: "storage-initializer"),
      .sourceNotFound, "gs://b/m"),
    .init(
      ContainerCase.ended("botocore.exceptions.ClientError: (403): Forbidden", name: "storage-initializer"),
      .accessDenied, "gs://b/m"),
    .init(ContainerCase.ended("ConnectionError", name: "storage-initializer"), .downloadFailed, "gs://b/m"),
    .init(ContainerCase.ended("", code: 137, reason: "OOMKilled"), .outOfMemory, "64Mi", "its limit of 64Mi"),
    .init(
      ContainerCase.ended("OSError: [Errno 98] Address already in use: ('127.0.0.1', 9000)"), .portTaken,
      "9000"),
    .init(ContainerCase.ended("OSError: [Errno 98] Address already in use"), .portTaken, "8080"),
    .init(ContainerCase.ended("listen tcp 127.4.0.1:8085: bind: address already in use"), .portTaken, "8085"),
    .init(
      ContainerCase.ended("Error: listen EADDRINUSE: address already in use :::3000"), .portTaken, "3000"),
    .init(
      ContainerCase.ended("Traceback\n a\n b\n c\n d\n e\nValueError: bad", code: 3), .crashAtStart, "3",
      "ended with exit code 3 before it was ready: ValueError: bad"),
    .init(ContainerCase.ended("", code: 2), .crashAtStart, "2", "left no message"),
    .init(ContainerCase.ended(#"{"code":"FromTheFuture","message":"hm"}"#), .crashAtStart, "1", "hm"),
    .init(
      ContainerCase.waiting("ImagePullBackOff", "Back-off pulling image"), .imageNotRunnable, "corp/x:1"),
    .init(
      ContainerCase.waiting("CreateContainerConfigError", #"secret "nope" not found"#), .secretMissing, "nope"
    ),
    .init(
      ContainerCase.waiting("CreateContainerConfigError", #"key "k" not found in secret "s""#),
      .secretKeyMissing, "k", "the Secret \"s\" has no key \"k\""),
    .init(
      ContainerCase.waiting("CreateContainerConfigError", "couldn't find key k in Secret team/s"),
      .secretKeyMissing, "k", "the Secret \"s\" has no key \"k\""),
    .init(
      ContainerCase.waiting("CreateContainerConfigError", #"configmap "c" not found"#), .configMapMissing, "c"
    ),
    .init(
      ContainerCase.waiting("CreateContainerConfigError", "couldn't find key k in ConfigMap team/c"),
      .configMapKeyMissing, "k"),
    .init(
      ContainerCase.waiting("ContainerCreating", #"persistentvolumeclaim "gone" not found: more"#),
      .claimMissing, "gone"),
    .init(
      ContainerCase.waiting("PodInitializing", "hostPath /x is no folder"), .volumeFailed, "p",
      "/x is no folder"),
    .init(
      ContainerCase.waiting("RunContainerError", "exec: permission denied"), .cannotStart, "kserve-container"),
  ]

  @Test(arguments: cases)
  func aContainersEndHasACodeAndAValue(_ row: ContainerCase) throws {
    let failure = try #require(PodFailure(try pod(row.status)))
    #expect(failure.cause.code == row.code)
    #expect(failure.cause.value == row.value)
    #expect(failure.explanation.contains(row.words), "\(failure.explanation)")
    #expect(failure.explanation == failure.message, "one sentence everywhere")
  }

  @Test func aCrashAfterReadinessIsOneOfLater() throws {
    let conditions = #"""
      [{"type":"Initialized","status":"True","lastTransitionTime":"2026-11-21T01:00:00Z"},
       {"type":"Ready","status":"False","lastTransitionTime":"2026-11-21T01:00:09Z"}]
      """#
    let found = PodFailure(try pod(ContainerCase.ended("boom", code: 7), conditions: conditions))
    #expect(found?.cause.code == .crashLater)
    #expect(found?.cause.value == "7")
    let early = conditions.replacing("01:00:09", with: "01:00:00")
    #expect(PodFailure(try pod(ContainerCase.ended("boom"), conditions: early))?.cause.code == .crashAtStart)
  }

  private func unhealthy(_ message: String, count: Int64, container: String = "kserve-container")
    -> KubeObject
  {
    var event = KubeObject(.events, namespace: "team", name: "e-\(count)")
    event["involvedObject"] = [
      "kind": "Pod", "name": "p", "uid": "u", "fieldPath": .string("spec.containers{\(container)}"),
    ]
    event["type"] = "Warning"
    event["reason"] = "Unhealthy"
    event["message"] = .string(message)
    event["count"] = .int(count)
    event["lastTimestamp"] = "2026-11-21T01:00:05Z"
    return event
  }

  private static let running = #"""
    {"name":"kserve-container","ready":false,"state":{"running":{"startedAt":"2026-11-21T01:00:00Z"}}}
    """#

  @Test func aProbeThatFailsAsOftenAsItMayIsTheCause() throws {
    let pod = try pod(Self.running)
    let words = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    #expect(PodFailure(pod) == nil)
    #expect(PodFailure(pod, events: [unhealthy(words, count: 1)]) == nil, "it may be loading")
    let found = try #require(PodFailure(pod, events: [unhealthy(words, count: 2)]))
    #expect(found.cause.code == .probeFailing)
    #expect(found.cause.value == "GET /ok on port 8080")
    #expect(found.explanation.contains("statuscode: 404"))
    let status = ModelStatus(pods: [pod], events: [unhealthy(words, count: 2)], now: moment)
    #expect(status.target == .pending, "it may answer yet")
    #expect(status.failureInfo?["message"]?.string == found.explanation)
  }

  @Test func eventsOfEarlierRunsAndOtherPodsDoNotCount() throws {
    let words = "Readiness probe failed: no"
    let pod = try pod(Self.running.replacing("01:00:00", with: "02:00:00"))
    #expect(PodFailure(pod, events: [unhealthy(words, count: 9)]) == nil)
    var other = unhealthy(words, count: 9)
    other.json.set("another", at: "involvedObject", "uid")
    #expect(PodFailure(try self.pod(Self.running), events: [other]) == nil)
  }

  @Test func aTransformerThatNobodyReachesIsToldWithItsAddress() throws {
    let status = Self.running.replacing("kserve-container", with: "transformer-container")
    let event = unhealthy(
      "Readiness probe failed: dial tcp: connection refused", count: 3, container: "transformer-container")
    let found = try #require(PodFailure(try pod(status), events: [event]))
    #expect(found.cause.code == .transformerUnreachable)
    #expect(found.cause.value == "127.4.0.9:8081")
  }

  @Test func aLivenessProbeThatKillsIsTheCauseOfTheEnd() throws {
    let status = ContainerCase.ended("", code: 137)
    let event = unhealthy("Liveness probe failed: timeout", count: 3)
    #expect(PodFailure(try pod(status), events: [event])?.cause.code == .probeFailing)
    #expect(PodFailure(try pod(status))?.cause.code == .crashAtStart)
  }

  @Test(arguments: [
    "", "\"", "secret \"", "key in secret", "in secret \"x", "persistentvolumeclaim not found",
  ])
  func brokenMessagesNameNothing(_ message: String) {
    #expect(MissingReference.cause(message, namespace: "n") == nil)
  }
}

@Suite struct QuotedNameTests {
  @Test func namesAreFoundWhateverTheCase() {
    #expect(QuotedName.after("secret", in: "Ünder Secret \"s\" not found") == "s")
    #expect(QuotedName.after("secret", in: "secretary") == nil)
    #expect(QuotedName.after("", in: "\"x\"") == "x")
    #expect(QuotedName.wordAfter("quota:", in: "exceeded QUOTA: small, requested") == "small")
    #expect(QuotedName.find("longer than the text", in: "long") == nil)
  }
}

@Suite struct ComponentFailureTests {
  @Test func aQuotaIsNamed() throws {
    var set = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    set.status = try JSONValue(
      parsing: #"""
        {"conditions":[{"type":"ReplicaFailure","status":"True","reason":"FailedCreate",
          "message":"pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"}]}
        """#)
    let found = ComponentFailure.find(deployment: set, pods: [])
    #expect(found?.cause.code == .quotaExceeded)
    #expect(found?.cause.value == "small")
    #expect(found?.explanation.contains("limited: pods=2; raise the quota") == true)
  }

  @Test func anAccountThatIsNotThereIsNamed() throws {
    let cause = ComponentFailure.refusal(
      #"pods "x" is forbidden: error looking up service account team/nobody: serviceaccount "nobody" not found"#,
      subject: "the pods of iris cannot be created")
    #expect(cause.code == .notAllowed)
    #expect(cause.value == "nobody")
    #expect(
      cause.sentence
        == #"the ServiceAccount "nobody" of the pods does not exist; create it, or correct serviceAccountName"#
    )
  }

  @Test(arguments: [
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"foo://b/m"}}}"#, "iris",
      FailureCode.unsupportedScheme, "foo://b/m"
    ),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs:///m"}}}"#, "iris",
      .badSource, "gs:///m"
    ),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"protocolVersion":"v9"}}}"#, "iris",
      .protocolNotSupported, "v9"
    ),
    (
      #"{"predictor":{"sklearn":{}}}"#, String(repeating: "a", count: 60), .nameTooLong,
      String(repeating: "a", count: 60)
    ),
    (#"{"predictor":{"sklearn":{}, "minReplicas":-1}}"#, "iris", .invalidSpec, "spec.predictor.minReplicas"),
    (#"{"predictor":{"sklearn":{}}}"#, "Iris", .invalidSpec, "Iris"),
  ])
  func whatAdmissionRefusesHasACode(_ spec: String, _ name: String, _ code: FailureCode, _ value: String)
    throws
  {
    let service = try makeService(spec, name: name)
    let cause = try #require(InferenceServiceValidation.causes(service.object).first)
    let found = AdmissionCause.make(cause, name)
    #expect(found.code == code)
    #expect(found.value == value)
    #expect(!found.cause.isEmpty)
  }
}
