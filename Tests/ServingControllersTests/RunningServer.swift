import APIServer
import KubeClient
import KubeStore

/// Follows a server by `informers` while `body` runs; ends everything afterwards, however it went.
/// - Parameter others: what runs beside, until it is cancelled.
func withRunning(
  _ informers: SharedInformers, of server: APIServer, over store: MemoryStore,
  beside others: [@Sendable () async -> Void] = [], _ body: @escaping @Sendable () async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await informers.run() }
    for other in others { group.addTask { await other() } }
    do {
      try await body()
    } catch {
      group.cancelAll()
      await server.stop()
      throw error
    }
    group.cancelAll()
    try await group.waitForAll()
  }
  await server.stop()
  await store.close()
}
