internal import Basics
internal import HTTPTransport
public import ServingAPI

/// Where load reports go: the controller in the same process, or a leader elsewhere.
public protocol LoadReportSink: Sendable {
  /// Takes a report. One that cannot be delivered is dropped: the next one comes in a second.
  func receive(_ report: LoadReport) async
}

/// Collects the counts of all loops once per interval, and at once where a request waits for a Service that
/// sleeps.
struct LoadReporter: Sendable {
  private let loops: [(EventLoop, GatewayLoop)]
  private let isAwaited: WakeSignal
  private let interval: Duration
  private let clock: any SleepingClock
  /// Of this process, so that a restart is another gateway.
  private let name: String

  /// - Parameter isAwaited: signalled by the loops.
  init(
    loops: [(EventLoop, GatewayLoop)], isAwaited: WakeSignal, interval: Duration, clock: any SleepingClock,
    random: any RandomSource
  ) {
    self.loops = loops
    self.isAwaited = isAwaited
    self.interval = interval
    self.clock = clock
    name = random.uuid()
  }

  /// Reports until the task is cancelled.
  func run(_ sink: any LoadReportSink) async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        while true {
          do { try await clock.sleep(for: interval) } catch { return }
          isAwaited.signal()
        }
      }
      tasks.addTask {
        var last = clock.monotonicNow()
        while true {
          await isAwaited.wait()
          if Task.isCancelled { return }
          let samples = await collect()
          let now = clock.monotonicNow()
          await sink.receive(report(samples, interval: now - last))
          last = now
        }
      }
      await tasks.waitForAll()
    }
  }

  private func collect() async -> [LoopLoad.Sample] {
    var all: [LoopLoad.Sample] = []
    for (loop, state) in loops {
      all += await withCheckedContinuation { continuation in
        let isAccepted = loop.submit { continuation.resume(returning: state.collectLoad()) }
        if !isAccepted { continuation.resume(returning: []) }
      }
    }
    return all
  }

  /// The ports and loops of a Service together.
  private func report(_ samples: [LoopLoad.Sample], interval: Duration) -> LoadReport {
    var report = LoadReport(gateway: name, interval: interval, loads: [])
    for sample in samples.sorted(by: { $0.service < $1.service }) {
      if var last = report.loads.last, last.service == sample.service {
        last.requestSeconds += sample.requestSeconds
        last.arrivals += sample.arrivals
        last.inFlight += sample.inFlight
        last.waiting += sample.waiting
        report.loads[report.loads.count - 1] = last
      } else {
        report.loads.append(
          LoadReport.ServiceLoad(
            service: sample.service, requestSeconds: sample.requestSeconds, arrivals: sample.arrivals,
            inFlight: sample.inFlight, waiting: sample.waiting))
      }
    }
    return report
  }
}
