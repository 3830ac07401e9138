internal import Basics
internal import Linux

extension PodLife {
  /// Tries one probe of one run of a container until it is cancelled.
  func startProbe(_ name: String, _ run: Int, _ kind: ProbeKind) {
    guard let container = machine.pod.container(name), let probe = container.probe(kind) else { return }
    let signal = WakeSignal()
    probeSignals[name, default: []].append(signal)
    let attempt = makeAttempt(probe.action, container, timeout: probe.timeout)
    let worker = self.worker
    tasks[.probe(name, kind)]?.cancel()
    tasks[.probe(name, kind)] = Task {
      await PodLife.probe(name, run, kind, probe, attempt, worker, hurriedBy: signal)
    }
  }

  /// Successes in a row that are told beyond the threshold.
  private static let toldSuccesses = 2

  private static func probe(
    _ name: String, _ run: Int, _ kind: ProbeKind, _ probe: ProbeSpec, _ attempt: HandlerAttempt,
    _ worker: PodWorker, hurriedBy signal: WakeSignal
  ) async {
    let clock = worker.context.clock
    let begin = clock.monotonicNow()
    var schedule = ProbeSchedule(probe)
    var successes = 0
    while !Task.isCancelled {
      let next = schedule.next(after: clock.monotonicNow() - begin)
      if next.countsFailure {
        await worker.context.probeTimers.wait(until: begin + next.at, orUntil: signal)
      } else {
        await sleep(until: begin + next.at, clock, orUntil: signal)
      }
      if Task.isCancelled { return }
      let problem = await attempt.run()
      if Task.isCancelled { return }
      if problem == nil { schedule.succeeded() }
      successes = problem == nil ? successes &+ 1 : 0
      // One more success says nothing new.
      if successes > probe.successThreshold &+ Self.toldSuccesses { continue }
      let outcome = ProbeOutcome(
        isSuccess: problem == nil, countsFailure: next.countsFailure, message: problem ?? "")
      worker.post(.input(.probed(container: name, run: run, kind: kind, outcome)))
      // A startup probe has done its work with the first success that counts.
      if problem == nil && kind == .startup && probe.successThreshold == 1 { return }
    }
  }

  func stopProbes(_ name: String) {
    for kind in ProbeKind.allCases { tasks.removeValue(forKey: .probe(name, kind))?.cancel() }
    probeSignals[name] = nil
  }

  private static func sleep(until deadline: Duration, _ clock: any SleepingClock, orUntil signal: WakeSignal)
    async
  {
    let delay = deadline - clock.monotonicNow()
    guard delay > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await clock.sleep(for: delay) }
      group.addTask { await signal.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  func makeAttempt(
    _ action: ProbeSpec.Action, _ container: ContainerSpec, timeout: Duration
  ) -> HandlerAttempt {
    var launcher: ContainerLauncher?
    if let plan {
      launcher = ContainerLauncher(
        node: context.settings, pod: machine.pod, podAddress: machine.podAddress, references: references,
        plan: plan)
    }
    return HandlerAttempt(
      action: action, container: container, timeout: timeout, podAddress: machine.podAddress, worker: worker,
      launcher: launcher, link: link)
  }
}
