internal import Basics
internal import Linux
internal import Telemetry

extension PodLife {
  /// Has the container ended once its processes together have more memory than its limit.
  func watchMemory(_ name: String, _ process: Int32) {
    stopWatchingMemory(name)
    guard let limit = machine.pod.container(name)?.memoryLimit, limit > 0 else { return }
    memoryWatches[name] = context.memory.watch(process, limit: limit) { [worker] in
      worker.post(.input(.overMemory(container: name)))
    }
  }

  func stopWatchingMemory(_ name: String) {
    if let watch = memoryWatches.removeValue(forKey: name) { context.memory.stop(watch) }
  }
}

/// How a memory limit is kept where control groups cannot be written: by looking.
enum MemoryWatch {
  /// Until the next look. A program that has just started may grow at any moment; one that has long been far
  /// from its limit is left alone as long as the machine's memory does not shrink.
  static func pause(used: Int64, limit: Int64, age: Duration) -> Duration {
    if used > limit / 4 * 3 { return .milliseconds(50) }
    if used > limit / 2 { return .milliseconds(200) }
    if age < .seconds(5) { return .milliseconds(250) }
    return used > limit / 4 ? .seconds(1) : .seconds(30)
  }

  /// Whether the machine has lost so much free memory since the last look that a program may be on its way to
  /// its limit.
  static func mayHaveGrown(used: Int64, limit: Int64, availableThen: Int64, availableNow: Int64) -> Bool {
    availableThen &- availableNow > max(0, limit &- used) / 4
  }

  /// Of a process and all of its descendants. Blocks.
  static func residentBytes(_ process: Int32) -> Int64 {
    ([process] + ProcessTable.descendants(of: process)).reduce(Int64(0)) {
      $0 &+ Int64(ProcessTable.residentBytes(of: $1))
    }
  }
}
