internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus apply -f FILE…`: makes the cluster's objects what the files say, and says what changed.
enum ApplyCommand {
  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  static let verb = Verb.reporting("apply", "create or change objects: -f FILE") { arguments in
    let parsed = try Arguments(
      arguments, grammar: ClientSession.grammar(options: ["filename"], short: ["f": "filename"]))
    let manifests = try Manifests.read(parsed.all("filename") + parsed.positional)
    return try await ClientSession.with(parsed) { session in
      var mapper = ResourceMapper(client: session.client)
      var failures = 0
      for (object, source) in manifests {
        do {
          try await apply(object, session: session, mapper: &mapper)
        } catch {
          failures += 1
          StandardStreams.writeError("apus apply: \(source): \(error)\n")
        }
      }
      return failures == 0 ? 0 : 1
    }
  }

  private static func apply(_ manifest: KubeObject, session: ClientSession, mapper: inout ResourceMapper)
    async throws
  {
    let resource = try await mapper.resource(for: manifest.groupVersionKind)
    var desired = manifest
    if resource.isNamespaced, desired.namespace.isEmpty { desired.namespace = session.namespace }
    var annotated = desired
    annotated.annotations[lastApplied] = desired.json.encodedText + "\n"

    let label = "\(resource.singularLabel)/\(desired.name)"
    let existing = try await session.client.find(resource, namespace: desired.namespace, name: desired.name)
    guard let existing else {
      _ = try await session.client.json(
        .init(
          method: "POST", path: resource.path(namespace: desired.namespace),
          query: [("fieldValidation", "Strict")],
          body: .json(annotated.json)))
      StandardStreams.write("\(label) created\n")
      return
    }
    let patch = patch(existing: existing, desired: annotated)
    let answer = try await session.client.json(
      .init(
        method: "PATCH", path: resource.path(namespace: desired.namespace, name: desired.name),
        query: [("fieldValidation", "Strict")], body: .json(patch), contentType: PatchType.merge.rawValue))
    let isSame = KubeObject(json: answer).resourceVersion == existing.resourceVersion
    StandardStreams.write("\(label) \(isSame ? "unchanged" : "configured")\n")
  }
}

extension ApplyCommand {
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
