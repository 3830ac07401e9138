import KubeClient
import KubeProtocol
import KubeTestSupport
import Synchronization
import TestSupport

/// Faults drawn from a seed, up to a number of them: what is retried must come to its end.
final class RandomFaults: Sendable {
  private let state: Mutex<(generator: SeededGenerator, left: Int, watchesLeft: Int)>

  /// Watches fail less often than other requests: their delays grow, and the test is to end soon.
  init(seed: UInt64, count: Int) { state = Mutex((SeededGenerator(seed: seed), count, count / 4)) }

  var left: Int { state.withLock { $0.left } }

  func fault(for request: KubeRequest) -> FaultyTransport.Fault? {
    state.withLock { state in
      guard state.left > 0, !request.path.contains("/events") else { return nil }
      let bits = state.generator.next()
      if bits % 3 != 0 { return nil }
      state.left -= 1
      if request.queryValue("watch") != nil {
        if state.watchesLeft == 0 { return nil }
        state.watchesLeft -= 1
        return bits & 64 == 0 ? .cutWatch(after: Int(bits >> 8) & 3) : .refuse(KubeError(.expired, "too old"))
      }
      switch (bits >> 8) % 4 {
      case 0: return .refuse(KubeError(.internalError, "injected"))
      case 1: return request.method == "GET" ? .refuse(KubeError(.timeout, "injected")) : .loseAnswer
      case 2: return .refuse(KubeError(.conflict, "injected"))
      default: return .refuse(KubeError(.tooManyRequests, "injected"))
      }
    }
  }
}
