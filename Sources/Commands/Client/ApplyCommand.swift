internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus apply -f FILE…`: makes the cluster's objects what the files say, and says what changed.
enum ApplyCommand {
  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  /// What became of one object.
  private struct Applied {
    var resource: KubeResource
    var object: KubeObject
    /// `created`, `configured`, `unchanged`.
    var outcome: String
  }

  static let verb = Verb.reporting("apply", "create or change objects: -f FILE [--wait]") { arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["filename", "output", "timeout"], switches: ["wait"],
        short: ["f": "filename", "o": "output"]))
    let format = parsed.value("output") ?? ""
    guard ["", "name", "json"].contains(format) else {
      throw UsageError(message: "unknown output '\(format)': use name or json")
    }
    let timeout = try TimeText.duration(parsed.value("timeout") ?? "300s", option: "--timeout")
    let manifests = try Manifests.read(parsed.all("filename") + parsed.positional)
    return try await ClientSession.with(parsed) { session in
      var mapper = ResourceMapper(client: session.client)
      var failures = 0
      var services: [KubeObject] = []
      var documents: [JSONValue] = []
      for (object, source) in manifests {
        do {
          let applied = try await apply(object, session: session, mapper: &mapper)
          let label = "\(applied.resource.singularLabel)/\(applied.object.name)"
          documents.append(applied.object.json)
          if format == "" { StandardStreams.write("\(label) \(applied.outcome)\n") }
          if format == "name" { StandardStreams.write("\(label)\n") }
          if applied.resource == .inferenceServices { services.append(applied.object) }
        } catch {
          failures += 1
          StandardStreams.writeError("apus apply: \(source): \(error)\n")
        }
      }
      if format == "json" {
        let list: JSONValue = [
          "apiVersion": "v1", "kind": "List", "metadata": [:], "items": .array(documents),
        ]
        StandardStreams.write((documents.count == 1 ? documents[0] : list).prettyText(indent: 4) + "\n")
      }
      if parsed.has("wait") { failures += try await unready(services, session, timeout) }
      return failures == 0 ? 0 : 1
    }
  }

  /// How many of the services do not become ready in time; why, is told.
  private static func unready(
    _ services: [KubeObject], _ session: ClientSession, _ timeout: Duration
  ) async throws -> Int {
    var count = 0
    for service in services {
      var session = session
      session.namespace = service.namespace
      let watch = ServiceWatch(session: session, name: service.name)
      let isReady = try await watch.follow(timeout: timeout) { WaitCommand.isTrue("Ready", $0) }
      if isReady {
        StandardStreams.write("inferenceservice.serving.kserve.io/\(service.name) is ready\n")
      } else {
        count += 1
      }
    }
    return count
  }

  private static func apply(_ manifest: KubeObject, session: ClientSession, mapper: inout ResourceMapper)
    async throws -> Applied
  {
    let resource = try await mapper.resource(for: manifest.groupVersionKind)
    var desired = manifest
    if resource.isNamespaced, desired.namespace.isEmpty { desired.namespace = session.namespace }
    let annotated = Self.annotated(desired)
    let existing = try await session.client.find(resource, namespace: desired.namespace, name: desired.name)
    guard let existing else {
      let answer = try await session.client.json(
        .init(
          method: "POST", path: resource.path(namespace: desired.namespace),
          query: [("fieldValidation", "Strict")],
          body: .json(annotated.json)))
      return Applied(resource: resource, object: KubeObject(json: answer), outcome: "created")
    }
    let patch = patch(existing: existing, desired: annotated)
    let answer = KubeObject(
      json: try await session.client.json(
        .init(
          method: "PATCH", path: resource.path(namespace: desired.namespace, name: desired.name),
          query: [("fieldValidation", "Strict")], body: .json(patch), contentType: PatchType.merge.rawValue)))
    let isSame = answer.resourceVersion == existing.resourceVersion
    return Applied(resource: resource, object: answer, outcome: isSame ? "unchanged" : "configured")
  }
}

extension ApplyCommand {
  /// With the manifest itself as its annotation, as kubectl leaves it for the next apply.
  static func annotated(_ manifest: KubeObject) -> KubeObject {
    var annotated = manifest
    annotated.annotations[lastApplied] = manifest.json.encodedText + "\n"
    return annotated
  }

  static func patch(existing: KubeObject, desired: KubeObject) -> JSONValue {
    let previous = existing.annotations[lastApplied].flatMap { try? JSONValue(parsing: $0) }
    return ThreeWayPatch.make(previous: previous, desired: desired.json, current: existing.json)
  }
}

/// What turns the current object into the desired one: set what is wanted, remove what was wanted before and
/// is not any more, leave what others wrote. A JSON merge patch (RFC 7396).
enum ThreeWayPatch {
  static func make(previous: JSONValue?, desired: JSONValue, current: JSONValue) -> JSONValue {
    guard let wanted = desired.object, let present = current.object else { return desired }
    var patch = JSONObject()
    for member in wanted.members {
      let now = present[member.key]
      if now == member.value { continue }
      if member.value.object != nil, let now, now.object != nil {
        let inner = make(previous: previous?[member.key], desired: member.value, current: now)
        if inner != [:] { patch[member.key] = inner }
      } else {
        patch[member.key] = member.value
      }
    }
    for member in previous?.object?.members ?? []
    where wanted[member.key] == nil && present[member.key] != nil {
      patch[member.key] = .null
    }
    return .object(patch)
  }
}

extension KubeResource {
  /// `inferenceservice.serving.kserve.io`, `configmap`: how kubectl names one object's type.
  var singularLabel: String { group.isEmpty ? kind.lowercased() : "\(kind.lowercased()).\(group)" }
}
