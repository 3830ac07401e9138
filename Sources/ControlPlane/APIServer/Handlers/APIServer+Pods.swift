internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization

extension APIServer {
  /// `GET …/pods/<name>/log`.
  func logs(_ target: ResourceRequest) async throws -> KubeResponse {
    guard target.request.method == "GET" else { throw Self.methodNotAllowed() }
    guard let (pod, _) = try await storage.get(target.storageKey) else {
      throw KubeError.notFound(target.resource, target.name)
    }
    let container = try logContainer(pod, target.request.queryValue("container"))
    let options = try logOptions(target)
    guard let node = state.withLock({ $0.nodeConnection }) else {
      throw KubeError(.serviceUnavailable, "no node is connected that could give the log of pod \(pod.key)")
    }
    let stream = try await node.logs(pod: pod, container: container, options: options)
    return KubeResponse(status: 200, body: .stream(stream, contentType: "text/plain"))
  }

  private func logContainer(_ pod: KubeObject, _ wanted: String?) throws(KubeError) -> String {
    func names(_ field: String) -> [String] {
      (pod.spec?[field]?.array ?? []).compactMap { $0["name"]?.string }
    }
    let containers = names("containers")
    let others = names("initContainers") + names("ephemeralContainers")
    if let wanted, !wanted.isEmpty {
      if containers.contains(wanted) || others.contains(wanted) { return wanted }
      throw KubeError(.badRequest, "container \(wanted) is not valid for pod \(pod.name)")
    }
    if containers.count == 1, others.isEmpty { return containers[0] }
    let list = containers.joined(separator: " ")
    let initial = names("initContainers")
    let suffix = initial.isEmpty ? "" : " or one of the init containers: [\(initial.joined(separator: " "))]"
    throw KubeError(
      .badRequest,
      "a container name must be specified for pod \(pod.name), choose one of: [\(list)]\(suffix)")
  }

  private func logOptions(_ target: ResourceRequest) throws(KubeError) -> LogOptions {
    func number(_ name: String, atLeast minimum: Int) throws(KubeError) -> Int? {
      guard let text = target.request.queryValue(name), !text.isEmpty else { return nil }
      guard let value = Int(text), value >= minimum else {
        throw KubeError(
          .badRequest, "\(name): Invalid value: \"\(text)\": must be a number of at least \(minimum)")
      }
      return value
    }
    var options = LogOptions()
    options.isFollowing = target.flag("follow")
    options.isPrevious = target.flag("previous")
    options.hasTimestamps = target.flag("timestamps")
    options.tailLines = try number("tailLines", atLeast: 0)
    options.sinceSeconds = try number("sinceSeconds", atLeast: 1)
    options.limitBytes = try number("limitBytes", atLeast: 1)
    if let text = target.request.queryValue("sinceTime"), !text.isEmpty {
      guard let time = Timestamp(rfc3339: text) else {
        throw KubeError(.badRequest, "sinceTime: Invalid value: \"\(text)\": must be an RFC 3339 time")
      }
      options.sinceTime = time
    }
    return options
  }

  /// `POST …/pods/<name>/binding`: what a scheduler sends.
  func bindPod(_ target: ResourceRequest) async throws -> KubeResponse {
    let body = try RequestBody(target.request).json
    guard let node = body.at("target", "name")?.string, !node.isEmpty else {
      throw KubeError(.badRequest, "target.name: Required value: the node that the pod is bound to")
    }
    _ = try await modify(target) { pod in
      if let bound = pod.spec?["nodeName"]?.string, !bound.isEmpty {
        throw KubeError.conflict(
          target.resource, target.name, "pod \(pod.name) is already assigned to node \"\(bound)\"")
      }
      var new = pod
      new.json.set(.string(node), at: "spec", "nodeName")
      return new
    }
    return KubeResponse(
      status: 201,
      body: .json(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201]))
  }

  /// `PUT /api/v1/namespaces/<name>/finalize`: replaces `spec.finalizers`.
  func finalizeNamespace(_ target: ResourceRequest) async throws -> KubeResponse {
    let body = try RequestBody(target.request).json
    let written = try await modify(target) { namespace in
      var new = namespace
      new.json.set(body.at("spec", "finalizers"), at: "spec", "finalizers")
      return new
    }
    return try respond(written, target)
  }
}
