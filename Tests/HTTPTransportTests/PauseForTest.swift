import Linux

/// Gives other threads a few milliseconds, for tests that watch a counter come to rest.
struct PauseForTest {
  private let epoll: Epoll
  private let events = EpollEventBuffer(capacity: 1)

  init() throws { epoll = try Epoll() }

  func turn() { try? epoll.wait(into: events, timeoutMilliseconds: 5) { _, _ in } }

  /// The count once it has been the same for twenty turns.
  func turnUntilUnchanged(_ count: () -> Int) -> Int {
    var last = -1
    var unchanged = 0
    while unchanged < 20 {
      let now = count()
      unchanged = now == last ? unchanged + 1 : 0
      last = now
      turn()
    }
    return last
  }
}
