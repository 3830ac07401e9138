internal import Basics
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// How a pod ends, and what becomes of what it had.
extension PodLife {
  /// The supervisor goes, the pod's folder and status stay for whoever wants to look.
  func release() async {
    link?.close()
    link = nil
    worker.abandonExecutions()
    context.addresses.release(pod: worker.uid)
  }

  func finish() async {
    await release()
    let directory = self.directory
    do {
      try await context.workers.run { try directory.remove() }
    } catch {
      context.log.warning("a pod's folder stays behind", ["path": directory.path, "cause": "\(error)"])
    }
    status.stop()
    isOver = await deleteObject()
  }

  /// True once the object is gone; else it is tried again.
  private func deleteObject() async -> Bool {
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(5))
    while true {
      do {
        try await context.client.delete(
          .pods, namespace: worker.key.namespace, name: worker.key.name, uid: worker.uid,
          gracePeriodSeconds: 0)
        return true
      } catch let error as KubeError where error.reason == .notFound || error.reason == .conflict {
        return true
      } catch {
        context.log.warning(
          "pod not deleted; trying again", ["pod": worker.key.description, "cause": "\(error)"])
        do { try await context.clock.sleep(for: backoff.next()) } catch { return true }
      }
    }
  }

  func shutDown(_ grace: Duration) {
    isShuttingDown = true
    for name in machine.containers.map(\.name) { stopProbes(name) }
    for record in machine.containers where record.isActive {
      let milliseconds = min(grace, machine.pod.terminationGrace).wholeMilliseconds
      try? link?.send(.stop(name: record.name, graceMilliseconds: milliseconds))
    }
    finishShutDownIfQuiet()
  }

  func finishShutDownIfQuiet() {
    if processes.isEmpty || link == nil { isOver = true }
  }
}

extension Duration {
  /// Rounded down; clamped.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? (seconds < 0 ? 0 : .max) : product &+ attoseconds / 1_000_000_000_000_000
  }
}
