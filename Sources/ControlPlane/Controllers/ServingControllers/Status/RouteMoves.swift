internal import Basics
internal import KubeProtocol
internal import Synchronization

/// Since when services wait for a gateway to take a change of their routes. May be lost: then the time begins
/// anew.
final class RouteMoves: Sendable {
  private let began = Mutex<[ObjectKey: Timestamp]>([:])

  /// How long a gateway may take for a change before it is not believed any more to be at work.
  static let limit: Duration = .seconds(30)

  /// - Returns: how much of the time is left, at least zero; nil where nothing moves.
  func remaining(_ key: ObjectKey, isMoving: Bool, now: Timestamp) -> Duration? {
    began.withLock { began in
      guard isMoving else {
        began[key] = nil
        return nil
      }
      let since = began[key] ?? now
      began[key] = since
      return max(.zero, Self.limit - now.since(since))
    }
  }

  func forget(_ key: ObjectKey) { began.withLock { $0[key] = nil } }
}
