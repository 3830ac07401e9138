internal import KubeStore
internal import Linux
internal import Telemetry

/// Gives freed memory back once the store stands still after much work: what thousands of changes needed for
/// a moment lies free between what stays, and the allocator keeps it.
struct IdleMemory: Sendable {
  let store: any RevisionedStore
  let log: Logger

  private static let interval: Duration = .seconds(5)
  /// Changes that are worth the milliseconds.
  private static let worthwhile: Int64 = 500

  /// Looks until the task is cancelled.
  func run() async {
    let workers = BlockingWorkers(name: "memory", threads: 1)
    var last: Int64 = 0
    var cleaned: Int64 = 0
    while (try? await Task.sleep(for: Self.interval)) != nil {
      do {
        let revision = try await store.currentRevision()
        defer { last = revision }
        guard revision == last, revision - cleaned >= Self.worthwhile else { continue }
        try await workers.run { FreedMemory.giveBack() }
        cleaned = revision
      } catch {
        log.debug("freed memory not given back", ["cause": "\(error)"])
      }
    }
  }
}
