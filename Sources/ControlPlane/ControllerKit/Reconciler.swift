public import KubeProtocol

/// Brings one object (by key) and what belongs to it to the wanted state.
///
/// The contract: read from informers → *make* the desired objects with pure functions → write the difference
/// → compute status once, at the end. Level-based and idempotent: no memory of earlier calls, any key may
/// come at any time, also for an object that is gone. A thrown error is retried with growing delays; a
/// `TerminalError` is not.
public protocol Reconciler: Sendable {
  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult
}

/// When the key is to come again, besides on changes.
public struct ReconcileResult: Sendable, Hashable {
  public var requeueAfter: Duration?

  /// Nothing more to do until something changes.
  public static let done = ReconcileResult(requeueAfter: nil)
  /// Comes again after `delay` at the latest.
  public static func requeue(after delay: Duration) -> ReconcileResult {
    ReconcileResult(requeueAfter: delay)
  }

  /// The earlier of both.
  public func merging(_ other: ReconcileResult) -> ReconcileResult {
    guard let mine = requeueAfter else { return other }
    guard let theirs = other.requeueAfter else { return self }
    return .requeue(after: min(mine, theirs))
  }
}

/// A failure that trying again cannot mend: only a change of the objects can.
public struct TerminalError: Error, Sendable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}
