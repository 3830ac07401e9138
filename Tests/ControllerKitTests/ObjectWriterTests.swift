import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Testing

@Suite struct ObjectWriterTests {
  private let owner: KubeObject = {
    var owner = KubeObject(.inferenceServices, namespace: "n", name: "iris")
    owner.uid = "owner"
    return owner
  }()

  private func service(_ spec: JSONValue) -> KubeObject {
    var object = KubeObject(.services, namespace: "n", name: "s")
    object.spec = spec
    object.ownerReferences = [OwnerReference(controller: owner)]
    return object
  }

  /// As the server would store what `apply` sends.
  private func stored(_ desired: KubeObject) async throws -> KubeObject {
    let transport = AnsweringTransport { .init(status: 201, body: .json($0.json)) }
    var object = try await ObjectWriter(KubeClient(transport)).apply(
      .services, desired: desired, existing: nil
    ).object
    object.uid = "u"
    object.resourceVersion = "7"
    return object
  }

  @Test func anObjectAsWantedIsNotWritten() async throws {
    let desired = service(["ports": [["port": 80]]])
    var there = try await stored(desired)
    there.json.set("127.0.0.9", at: "spec", "clusterIP")
    let transport = AnsweringTransport { _ in throw KubeError(.internalError, "not to be called") }
    let result = try await ObjectWriter(KubeClient(transport)).apply(
      .services, desired: desired, existing: there)
    #expect(result.outcome == .unchanged)
  }

  @Test func anUpdateKeepsWhatIsNotMentioned() async throws {
    var there = try await stored(service(["ports": [["port": 80, "name": "old"]]]))
    there.json.set("127.0.0.9", at: "spec", "clusterIP")
    there.labels = ["mine": "1"]
    let transport = AnsweringTransport { .init(status: 200, body: .json($0.json)) }
    let desired = service(["ports": [["port": 81]]])
    let (outcome, written) = try await ObjectWriter(KubeClient(transport))
      .apply(.services, desired: desired, existing: there)
    #expect(outcome == .updated)
    #expect(written.resourceVersion == "7")
    #expect(written.spec?["clusterIP"] == "127.0.0.9")
    #expect(written.spec?["ports"] == [["port": 81]])
    #expect(written.labels == ["mine": "1"])
  }

  @Test func aMemberThatIsNoLongerWantedGoes() async throws {
    let there = try await stored(service(["ports": [["port": 80, "name": "http"]]]))
    let desired = service(["ports": [["port": 80]]])
    #expect(StructuralDifference.first(desired: desired.spec ?? [:], existing: there.spec) == nil)
    let transport = AnsweringTransport { .init(status: 200, body: .json($0.json)) }
    let result = try await ObjectWriter(KubeClient(transport)).apply(
      .services, desired: desired, existing: there)
    #expect(result.object.spec?["ports"] == [["port": 80]])
  }

  @Test func somebodyElsesObjectIsLeftAloneWithAClearError() async throws {
    var other = service([:])
    other.ownerReferences = []
    var stranger = owner
    stranger.uid = "stranger"
    stranger.name = "other"
    other.ownerReferences = [OwnerReference(controller: stranger)]
    let transport = AnsweringTransport { _ in throw KubeError(.internalError, "not to be called") }
    let writer = ObjectWriter(KubeClient(transport))
    let error = await #expect(throws: TerminalError.self) {
      try await writer.apply(.services, desired: service(["a": 1]), existing: other)
    }
    #expect(
      error?.message
        == "Service \"n/s\" belongs to InferenceService \"other\": rename one of the two, or delete the other"
    )
  }

  @Test func anObjectThatTheCopyDoesNotShowYetIsUpdatedInsteadOfCreated() async throws {
    let there = try await stored(service(["ports": [["port": 80]]]))
    let transport = AnsweringTransport { request in
      switch request.method {
      case "POST": return AnsweringTransport.failed(.alreadyExists(.services, "s"))
      case "GET": return AnsweringTransport.ok(there.json)
      default: return AnsweringTransport.ok(request.json)
      }
    }
    let result = try await ObjectWriter(KubeClient(transport))
      .apply(.services, desired: service(["ports": [["port": 81]]]), existing: nil)
    #expect(result.outcome == .updated)
    #expect(transport.requests.map(\.method) == ["POST", "GET", "PUT"])
  }

  @Test func aConflictIsSettledWithOneMoreRead() async throws {
    let stale = try await stored(service(["ports": [["port": 80]]]))
    var live = stale
    live.resourceVersion = "9"
    let current = live
    let transport = AnsweringTransport { request in
      if request.method == "GET" { return AnsweringTransport.ok(current.json) }
      return request.json.at("metadata", "resourceVersion") == "9"
        ? AnsweringTransport.ok(request.json)
        : AnsweringTransport.failed(.conflict(.services, "s", "the object has been modified"))
    }
    let result = try await ObjectWriter(KubeClient(transport))
      .apply(.services, desired: service(["ports": [["port": 81]]]), existing: stale)
    #expect(result.outcome == .updated)
  }

  @Test func aStatusThatIsTheSameIsNotWritten() async throws {
    var object = service([:])
    object.status = ["a": 1, "b": 2]
    var same = object
    same.status = ["b": 2, "a": 1]
    let transport = AnsweringTransport { _ in throw KubeError(.internalError, "not to be called") }
    #expect(
      try await ObjectWriter(KubeClient(transport)).applyStatus(.services, same, existing: object)
        == .unchanged)
  }

  @Test func labelsThatAreNoLongerWantedGoAndOthersStay() async throws {
    var wanted = service(["a": 1])
    wanted.labels = ["ours": "1", "old": "1"]
    wanted.annotations = ["note": "x"]
    var there = try await stored(wanted)
    there.labels["theirs"] = "1"
    there.annotations["their-note"] = "y"
    wanted.labels = ["ours": "2"]
    wanted.annotations = [:]
    let transport = AnsweringTransport { .init(status: 200, body: .json($0.json)) }
    let written = try await ObjectWriter(KubeClient(transport)).apply(
      .services, desired: wanted, existing: there
    ).object
    #expect(written.labels == ["ours": "2", "theirs": "1"])
    #expect(written.annotations["note"] == nil)
    #expect(written.annotations["their-note"] == "y")
    #expect(ObjectWriter.difference(desired: wanted, existing: written) == nil)
  }
}
