internal import Basics
internal import Linux
internal import Telemetry

extension PodLife {
  /// Looks whether the container's processes together have more memory than its limit, the more often the
  /// nearer they are to it.
  func watchMemory(_ name: String, _ process: Int32) {
    guard let limit = machine.pod.container(name)?.memoryLimit, limit > 0 else { return }
    tasks[.memory(name)]?.cancel()
    tasks[.memory(name)] = Task { [context, worker] in
      let begin = context.clock.monotonicNow()
      var used: Int64 = 0
      while !Task.isCancelled {
        do {
          let age = context.clock.monotonicNow() - begin
          try await context.clock.sleep(for: MemoryWatch.pause(used: used, limit: limit, age: age))
          used = try await context.workers.run { MemoryWatch.residentBytes(process) }
          if used > limit {
            worker.post(.input(.overMemory(container: name)))
            return
          }
        } catch is CancellationError {
          return
        } catch {
          context.log.warning("memory use unknown", ["container": name, "cause": "\(error)"])
        }
      }
    }
  }
}

/// How a memory limit is kept where control groups cannot be written: by looking.
enum MemoryWatch {
  /// Until the next look. A program that has just started may grow at any moment; one that has long been far
  /// from its limit is left alone.
  static func pause(used: Int64, limit: Int64, age: Duration) -> Duration {
    if used > limit / 4 * 3 { return .milliseconds(50) }
    if used > limit / 2 { return .milliseconds(200) }
    if age < .seconds(5) { return .milliseconds(250) }
    return used > limit / 4 ? .seconds(1) : .seconds(2)
  }

  /// Of a process and all of its descendants. Blocks.
  static func residentBytes(_ process: Int32) -> Int64 {
    ([process] + ProcessTable.descendants(of: process)).reduce(Int64(0)) {
      $0 &+ Int64(ProcessTable.residentBytes(of: $1))
    }
  }
}
