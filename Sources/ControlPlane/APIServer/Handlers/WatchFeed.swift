internal import KubeProtocol
internal import KubeStore

/// Fills one watcher's queue: the store's changes, bookmarks, the end by time.
struct WatchFeed: Sendable {
  let sendsBookmarks: Bool
  let timeoutSeconds: Int64?

  /// A year: what nobody waits for.
  private static let maximumTimeoutSeconds: Int64 = 365 * 86_400
  private static let bookmarkInterval: Duration = .seconds(60)

  func run(_ changes: AsyncThrowingStream<StoreEvent, any Error>, to queue: WatchQueue) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await follow(changes, queue) }
      if let timeoutSeconds {
        group.addTask { await sleepUntilTimeout(timeoutSeconds) }
      }
      if sendsBookmarks {
        group.addTask { await sendBookmarks(queue) }
      }
      // The first half to end ends the watch; bookmarks alone never do.
      await group.next()
      group.cancelAll()
    }
    if sendsBookmarks && timeoutSeconds != nil && !Task.isCancelled { queue.add(.bookmark) }
    queue.finish()
  }

  private func follow(_ changes: AsyncThrowingStream<StoreEvent, any Error>, _ queue: WatchQueue) async {
    do {
      for try await change in changes {
        guard await queue.send(change) else { return }
      }
    } catch is CancellationError {
      return
    } catch {
      queue.add(.failure(APIServer.kubeError(error)))
    }
  }

  private func sleepUntilTimeout(_ seconds: Int64) async {
    try? await Task.sleep(for: .seconds(min(max(seconds, 0), Self.maximumTimeoutSeconds)))
  }

  /// A watcher that does not read has no use for more than one bookmark.
  private func sendBookmarks(_ queue: WatchQueue) async {
    while (try? await Task.sleep(for: Self.bookmarkInterval)) != nil {
      if queue.isEmpty { queue.add(.bookmark) }
    }
  }
}
