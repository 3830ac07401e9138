internal import Basics
internal import Formats
internal import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import KubeProtocol
internal import Synchronization

extension APIServer {
  /// What a request of `pods/exec`, `attach` or `portforward` becomes, once it may be.
  func stream(_ request: KubeRequest, _ headers: HTTPHeaders) async throws -> HTTPUpgrade {
    let segments = request.path.split(separator: "/").map(String.init)
    guard let path = ResourcePath(segments: segments), let name = path.name,
      let definition = registry.find(group: path.group, version: path.version, plural: path.plural),
      definition.resource == .pods, path.namespace != nil,
      let subresource = path.subresource, ["exec", "attach", "portforward"].contains(subresource)
    else { throw Self.pathNotFound() }
    let target = ResourceRequest(
      definition: definition, namespace: path.namespace, name: name, subresource: subresource,
      request: request)
    try await authorize(request.user, AccessAttributes(target))
    guard let (pod, _) = try await storage.get(target.storageKey) else {
      throw KubeError.notFound(target.resource, target.name)
    }
    guard let node = state.withLock({ $0.nodeConnection }) else {
      throw KubeError(.serviceUnavailable, "no node is connected that runs pod \(pod.key)")
    }
    switch subresource {
    case "portforward": return try forward(target, headers, pod, node)
    default: return try execute(target, headers, pod, node, isAttach: subresource == "attach")
    }
  }

  private func execute(
    _ target: ResourceRequest, _ headers: HTTPHeaders, _ pod: KubeObject, _ node: any NodeConnection,
    isAttach: Bool
  ) throws -> HTTPUpgrade {
    let container = try streamContainer(pod, target.request.queryValue("container"))
    var request = ExecRequest(
      container: container,
      command: target.request.query.filter { $0.name == "command" }.map(\.value))
    request.hasInput = target.flag("stdin")
    request.hasOutput = target.flag("stdout")
    request.hasError = target.flag("stderr")
    request.isTerminal = target.flag("tty")
    if !isAttach && request.command.isEmpty {
      throw KubeError(.badRequest, "you must specify at least 1 command for the container")
    }
    if !request.hasInput && !request.hasOutput && !request.hasError {
      throw KubeError(.badRequest, "you must specify at least 1 of stdin, stdout, stderr")
    }
    let negotiation = try UpgradeNegotiation(
      headers, webSocket: ChannelStreams.protocols, spdy: SPDYStreams.protocols)
    let run: @Sendable (any RemoteStreams) async -> JSONValue = { [request] streams in
      await Self.status(request) {
        isAttach
          ? try await Self.attach(pod, container, node, streams)
          : try await node.execute(pod: pod, request, streams)
      }
    }
    return .accepted(negotiation.head) { [request] connection in
      let pipe = negotiation.pipe(connection)
      switch negotiation.kind {
      case .webSocket:
        let streams = ChannelStreams(pipe)
        await Self.serve(reading: { await streams.run() }) { await streams.finish(await run(streams)) }
      case .spdy:
        let streams = SPDYStreams(pipe, request, version: negotiation.inner)
        await Self.serve(reading: { await streams.run() }) {
          if await streams.waitUntilOpen() { await streams.finish(await run(streams)) }
        }
      }
    }
  }

  /// Both halves of a session; when the client goes, the work is cancelled, and the other way round.
  private static func serve(
    reading: @escaping @Sendable () async -> Void, _ work: @escaping @Sendable () async -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await reading() }
      group.addTask { await work() }
      await group.next()
      group.cancelAll()
    }
  }

  /// How a program ended, as clients read it from the channel of errors.
  private static func status(_ request: ExecRequest, _ body: () async throws -> Int32) async -> JSONValue {
    do {
      let code = try await body()
      if code == 0 { return ["metadata": [:], "status": "Success"] }
      return [
        "metadata": [:], "status": "Failure", "reason": "NonZeroExitCode",
        "message":
          .string(
            "command terminated with non-zero exit code: error executing command"
              + " [\(request.command.joined(separator: " "))], exit code \(code)"),
        "details": ["causes": [["reason": "ExitCode", "message": .string(String(code))]]],
      ]
    } catch {
      return kubeError(error).statusJSON
    }
  }

  /// A process of ours has no input to attach to: what it writes from now on is shown.
  private static func attach(
    _ pod: KubeObject, _ container: String, _ node: any NodeConnection, _ streams: any RemoteStreams
  ) async throws -> Int32 {
    var options = LogOptions()
    options.isFollowing = true
    options.tailLines = 0
    for try await bytes in try await node.logs(pod: pod, container: container, options: options) {
      guard await streams.writeOutput(bytes) else { break }
    }
    return 0
  }

  /// The wanted container, or the one that the pod's annotation or its order names; it must be known.
  private func streamContainer(_ pod: KubeObject, _ wanted: String?) throws(KubeError) -> String {
    let names = ["containers", "initContainers", "ephemeralContainers"].flatMap { field in
      (pod.spec?[field]?.array ?? []).compactMap { $0["name"]?.string }
    }
    if let phase = pod.status?["phase"]?.string, phase == "Succeeded" || phase == "Failed" {
      throw KubeError(
        .badRequest, "cannot exec into a container in a completed pod; current phase is \(phase)")
    }
    if let wanted, !wanted.isEmpty {
      if names.contains(wanted) { return wanted }
      throw KubeError(.badRequest, "container \(wanted) is not valid for pod \(pod.name)")
    }
    if let preferred = pod.annotations["kubectl.kubernetes.io/default-container"], names.contains(preferred) {
      return preferred
    }
    guard let first = names.first else {
      throw KubeError(.badRequest, "pod \(pod.name) has no containers")
    }
    return first
  }

  private func forward(
    _ target: ResourceRequest, _ headers: HTTPHeaders, _ pod: KubeObject, _ node: any NodeConnection
  ) throws -> HTTPUpgrade {
    let channels = ["v4.channel.k8s.io", "portforward.k8s.io"]
    let negotiation = try UpgradeNegotiation(
      headers, webSocket: [SPDYPortForwarding.tunnelProtocol] + channels,
      spdy: [SPDYPortForwarding.plainProtocol])
    if negotiation.kind == .spdy || negotiation.inner == SPDYPortForwarding.tunnelProtocol {
      return .accepted(negotiation.head) { connection in
        await SPDYPortForwarding(negotiation.pipe(connection), pod: pod, node: node).run()
      }
    }
    let texts = target.request.query.filter { $0.name == "ports" }
      .flatMap { $0.value.split(separator: ",").map(String.init) }
    let ports = texts.compactMap(Int.init).filter { (1...65_535).contains($0) }
    guard !ports.isEmpty, ports.count == texts.count, ports.count <= 100 else {
      throw KubeError(.badRequest, "query parameter \"ports\" must name up to 100 ports")
    }
    return .accepted(negotiation.head) { connection in
      await ChannelPortForwarding(negotiation.pipe(connection), pod: pod, ports: ports, node: node).run()
    }
  }
}
