internal import Basics
internal import Linux

/// The server's own counters, one shard per event loop plus one for the worker threads; merged on scrape.
public final class ServerMetrics: Sendable {
  /// Where one thread counts. Nothing here allocates.
  struct Shard: Sendable {
    /// Answers by status; the last counter takes every other status.
    let answers: [Counter] = (0...ServerMetrics.statuses.count).map { _ in Counter() }
    /// gRPC calls by status code (0 OK … 16 UNAUTHENTICATED).
    let calls: [Counter] = (0..<ServerMetrics.callCodes.count).map { _ in Counter() }
    let started = Counter()
    let finished = Counter()

    func countAnswer(_ status: Int) {
      // Nearly every answer is one of the first.
      let index = status == 200 ? 0 : ServerMetrics.statuses.firstIndex(of: status)
      answers[index ?? ServerMetrics.statuses.count].add(1)
    }

    /// Counts a gRPC call that ended with that status code.
    func countCall(_ code: Int) { calls[code >= 0 && code < calls.count ? code : 2].add(1) }
  }

  static let statuses: [Int] = [
    200, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 422, 429, 431, 499, 500, 501, 503, 504,
  ]
  static let callCodes: [String] = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  let shards: [Shard]
  let startTime: Double

  /// - Parameter loops: how many event loops record; one more shard is for worker threads.
  public init(loops: Int) {
    shards = (0...max(1, loops)).map { _ in Shard() }
    let now = SystemClock().now()
    startTime = Double(now.seconds) + Double(now.nanoseconds) / 1e9
  }

  /// The shard that worker threads share.
  var workerShard: Int { shards.count - 1 }

  /// Requests so far, answered or not.
  var startedCount: UInt64 { total { $0.started.value } }
  var finishedCount: UInt64 { total { $0.finished.value } }

  func shard(_ index: Int) -> Shard { shards[index < shards.count ? index : shards.count - 1] }

  func total(_ count: (Shard) -> UInt64) -> UInt64 { shards.reduce(UInt64(0)) { $0 &+ count($1) } }
}
