public import APIServer
public import Basics
internal import Formats
public import KubeProtocol
internal import Linux

/// Containers' logs for the API server. At most so many are followed at a time.
extension NodeAgent: NodeConnection {
  public func logs(
    pod: KubeObject, container: String, options: LogOptions
  ) async throws -> AsyncThrowingStream<Bytes, any Error> {
    let statuses =
      (pod.status?["containerStatuses"]?.array ?? []) + (pod.status?["initContainerStatuses"]?.array ?? [])
    let status = statuses.first { $0["name"]?.string == container }
    let current = liveRestart(pod: pod.uid, container) ?? status?["restartCount"]?.int ?? 0
    let restart = options.isPrevious ? current - 1 : current
    let directory = PodDirectory(dataDirectory: settings.dataDirectory, uid: pod.uid)
    let path = directory.log(container, restart: Int(clamping: restart))
    if options.isPrevious && restart < 0 {
      throw KubeError(
        .badRequest, "previous terminated container \"\(container)\" in pod \"\(pod.name)\" not found")
    }
    let isAlive: @Sendable () -> Bool = { [weak self] in
      self?.liveRestart(pod: pod.uid, container) == restart
    }
    let hasLog = try await workers.run { Files.exists(path) || Files.exists("\(path).1") }
    if !hasLog && !isAlive() {
      if options.isPrevious {
        throw KubeError(
          .badRequest, "previous terminated container \"\(container)\" in pod \"\(pod.name)\" not found")
      }
      let waiting = status?.at("state", "waiting", "reason")?.string
      let hasRun = status?.at("state", "terminated") != nil
      if !hasRun {
        throw KubeError(
          .badRequest,
          "container \"\(container)\" in pod \"\(pod.name)\" is waiting to start: "
            + (waiting ?? "ContainerCreating")
        )
      }
    }
    return stream(path, Self.selection(options, now: clock.now()), isFollowing: options.isFollowing, isAlive)
  }

  private static func selection(_ options: LogOptions, now: Timestamp) -> LogSelection {
    var selection = LogSelection()
    selection.tailLines = options.tailLines.map { max(0, $0) }
    selection.hasTimestamps = options.hasTimestamps
    selection.limitBytes = options.limitBytes.map { max(0, $0) }
    selection.since =
      options.sinceTime ?? options.sinceSeconds.map { now.adding(.seconds(-Int64(max(0, $0)))) }
    return selection
  }

  /// Read as fast as it is consumed, and no faster.
  private func stream(
    _ path: String, _ selection: LogSelection, isFollowing: Bool, _ isAlive: @escaping @Sendable () -> Bool
  ) -> AsyncThrowingStream<Bytes, any Error> {
    let reader = ContainerLogReader(path: path, selection: selection)
    return AsyncThrowingStream { [workers, clock] in
      while !Task.isCancelled {
        // Asked before the read: what is written up to the end is still read.
        let mayGrow = isFollowing && isAlive()
        let bytes = try await workers.run { try reader.next() }
        if !bytes.isEmpty { return bytes }
        if !mayGrow || reader.isExhausted { return nil }
        try await clock.sleep(for: .milliseconds(50))
      }
      return nil
    }
  }
}
