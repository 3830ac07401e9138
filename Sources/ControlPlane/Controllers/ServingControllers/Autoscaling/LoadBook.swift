internal import Autoscaling
internal import KubeProtocol
internal import ServingAPI
internal import Synchronization

/// The load of each workload that requests scale, as the gateways have reported it.
///
/// This is the one memory that reconciling needs beside the API: it is lost with the process, and a scaler
/// without a past takes nothing away for a window.
final class LoadBook: Sendable {
  private struct State {
    var scalers: [ObjectKey: RequestScaler] = [:]
    var coverage: RequestScaler.Coverage?
  }

  private let state = Mutex(State())

  /// Takes a report.
  /// - Returns: the workloads that it names.
  func record(_ report: LoadReport, now: Duration) -> [ObjectKey] {
    state.withLock { state in
      if let coverage = state.coverage, now - coverage.end <= RequestScaler.reportLifetime {
        state.coverage?.end = max(coverage.end, now)
      } else {
        state.coverage = .init(begin: max(.zero, now - report.interval), end: now)
      }
      for load in report.loads {
        state.scalers[load.service]?.record(load, interval: report.interval, now: now)
      }
      return report.loads.map(\.service)
    }
  }

  /// What is to be done with a workload; begins to follow it with the first call.
  /// - Returns: also whether its parameters are new.
  func decide(
    _ key: ObjectKey, _ scaling: RequestScaling, _ pods: RequestScaler.Pods, now: Duration
  ) -> (decision: RequestScaler.Decision, isNew: Bool) {
    state.withLock { state in
      let known = state.scalers[key]
      var scaler = known ?? RequestScaler(scaling, pods: pods, now: now)
      if scaler.scaling != scaling { scaler.update(scaling) }
      let decision = scaler.decide(pods, coverage: state.coverage, now: now)
      state.scalers[key] = scaler
      return (decision, known?.scaling != scaling)
    }
  }

  func forget(_ key: ObjectKey) { state.withLock { _ = $0.scalers.removeValue(forKey: key) } }
}
