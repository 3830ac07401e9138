public import APIServer
internal import Basics
internal import Formats
internal import HTTPTransport
public import KubeProtocol
internal import Linux

/// Where a pod's programs run, for those that clients start beside them.
struct ExecutionPlace: Sendable {
  var launcher: ContainerLauncher
  var link: SupervisorLink
  var directory: PodDirectory
}

extension NodeAgent {
  public func execute(
    pod: KubeObject, _ request: ExecRequest, _ streams: any RemoteStreams
  ) async throws -> Int32 {
    guard let worker = worker(pod: pod.uid), worker.liveRestart(request.container) != nil,
      let place = worker.executionPlace, let container = PodSpec(pod).container(request.container)
    else {
      throw KubeError(
        .internalError, "unable to upgrade connection: container not found (\"\(request.container)\")")
    }
    let session = ExecSession(
      worker: worker, place: place, container: container, request: request, streams: streams,
      workers: workers, clock: clock)
    return try await session.run()
  }

  public func connect(pod: KubeObject, port: Int) async throws -> any RemoteConnection {
    guard let host = pod.status?["podIP"]?.string, let address = SocketAddress(literal: host, port: port)
    else {
      throw KubeError(.badRequest, "pod \(pod.key) has no address yet")
    }
    return try await ByteConnection.connect(to: address, on: loops)
  }
}
