internal import Synchronization

/// Where the calls for one version of a model wait, as far as every thread may look at it. It stays the same
/// over reloads.
final class ModelLane: Sendable {
  /// Identifies the lane in the scheduler's queues; those of other work are below `firstIdentifier`.
  let identifier: UInt64
  /// Shown in messages.
  let name: String
  /// Calls in the scheduler's queue or with a worker.
  let pending = Atomic<Int>(0)
  var pendingCount: Int { max(0, pending.load(ordering: .relaxed)) }
  private let used = Atomic<Int64>(0)

  static let firstIdentifier: UInt64 = 16
  private static let next = Atomic<UInt64>(firstIdentifier)

  init(name: String) {
    self.name = name
    identifier = Self.next.wrappingAdd(1, ordering: .relaxed).oldValue
  }

  /// When the model was last asked for, in nanoseconds of the monotonic clock: what is unloaded first.
  var lastUse: Int64 { used.load(ordering: .relaxed) }

  func noteUse(at moment: Duration) { noteUse(atNanoseconds: moment.wholeNanoseconds) }
  func noteUse(atNanoseconds nanoseconds: Int64) { used.store(nanoseconds, ordering: .relaxed) }
}
