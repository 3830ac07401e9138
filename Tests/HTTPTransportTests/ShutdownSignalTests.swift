import Lifecycle
import Linux
import Testing

@Suite(.timeLimit(.minutes(1))) struct ShutdownSignalTests {
  /// One test for all of it: signals belong to the whole process.
  @Test func aSignalEndsTheWaiting() async throws {
    let shutdown = try ShutdownSignal()
    let cancelled = Task { await shutdown.wait() }
    cancelled.cancel()
    #expect(await cancelled.value == nil)
    let waiting = Task { await shutdown.wait() }
    ProcessSignals.raise(ProcessSignals.terminate)
    #expect(await waiting.value == ProcessSignals.terminate)
    #expect(await shutdown.wait() == ProcessSignals.terminate)
  }
}
