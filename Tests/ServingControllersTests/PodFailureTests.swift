import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct PodFailureTests {
  @Test func aProgramsSentenceIsTaken() throws {
    let sentence = #"{"code":"UnsupportedEstimator","message":"model.joblib holds a \"GaussianMixture\""}"#
    for raw in [sentence, "starting\nloading\n\(sentence)\n"] {
      let message = try #require(TerminationMessage(raw))
      #expect(message.code == "UnsupportedEstimator")
      #expect(message.text == "model.joblib holds a \"GaussianMixture\"")
    }
  }

  @Test func otherTextIsTakenAsItIsAndBounded() throws {
    #expect(TerminationMessage("") == nil)
    #expect(TerminationMessage(" \n\n") == nil)
    #expect(TerminationMessage("no such bucket\n")?.text == "no such bucket")
    let traceback = (1...20).map { "line \($0)" }.joined(separator: "\n") + "\nValueError: bad model"
    #expect(TerminationMessage(traceback)?.text == "ValueError: bad model")
    #expect(TerminationMessage(String(repeating: "x", count: 10_000))?.text.count == 1024)
  }

  @Test(arguments: [
    "{", "{\"message\":3}", "{\"message\":\"\"}", "[]", "{\"code\":1}", "\u{0}\u{1}",
    "{\"message\":\"a\"} trailing",
    String(repeating: "{\"a\":", count: 200),
  ])
  func brokenSentencesAreText(_ raw: String) throws {
    let message = try #require(TerminationMessage(raw))
    #expect(message.code == "")
    #expect(!message.text.isEmpty)
  }

  @Test func aFetchThatFailedNamesTheProgramsCause() throws {
    let pod = try makePodObject(
      "p",
      status: #"""
        {"initContainerStatuses":[{"name":"storage-initializer","ready":false,
          "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s"}},
          "lastState":{"terminated":{"reason":"Error","exitCode":3,"finishedAt":"2026-11-21T01:00:00Z",
            "message":"{\"code\":\"SourceNotFound\",\"message\":\"gs://b/m has no objects\"}"}}}]}
        """#)
    let failure = try #require(PodFailure(pod))
    #expect(failure.reason == .modelLoadFailed)
    #expect(failure.code == "SourceNotFound")
    #expect(failure.message == failure.explanation)
    #expect(
      failure.explanation == "the model could not be fetched: gs://b/m has no objects; check the storage URI "
        + "for typing errors, and that the model was uploaded")
    #expect(failure.exitCode == 3)
    #expect(failure.time == "2026-11-21T01:00:00Z")
  }

  @Test func aVolumeThatCannotBeMadeNamesItself() throws {
    let pod = try makePodObject(
      "p",
      status: #"""
        {"containerStatuses":[{"name":"kserve-container","ready":false,
          "state":{"waiting":{"reason":"ContainerCreating","message":"claim \"nowhere\" does not exist"}}}]}
        """#)
    let failure = try #require(PodFailure(pod))
    #expect(failure.reason == .modelLoadFailed)
    #expect(failure.code == "VolumeFailed")
    #expect(failure.message == "the pod cannot be prepared: claim \"nowhere\" does not exist")
  }

  @Test func aCrashIsKeptWhileTheContainerIsStartedAgain() throws {
    let pod = try makePodObject(
      "p", phase: "Running",
      status: #"""
        {"containerStatuses":[{"name":"kserve-container","ready":false,"state":{"running":{}},
          "lastState":{"terminated":{"reason":"Error","exitCode":1,"message":"boom"}}}]}
        """#)
    #expect(
      PodFailure(pod)?.cause.cause
        == "container kserve-container ended with exit code 1 before it was ready: boom")
  }

  @Test(arguments: [
    #"{}"#,
    #"{"containerStatuses":[{"name":"kserve-container","state":{"waiting":{"reason":"ContainerCreating"}}}]}"#,
    #"{"initContainerStatuses":[{"name":"storage-initializer","state":{"running":{}}}]}"#,
    #"{"initContainerStatuses":[{"name":"storage-initializer","state":{"terminated":{"exitCode":0}},"lastState":{"terminated":{"exitCode":1}}}]}"#,
    #"{"containerStatuses":[{"name":"kserve-container","ready":false,"state":{"running":{}}}]}"#,
    #"{"containerStatuses":"nonsense","conditions":3}"#,
  ])
  func aPodOnItsWayHasNotFailed(_ status: String) throws {
    #expect(PodFailure(try makePodObject("p", status: status)) == nil)
  }
}
