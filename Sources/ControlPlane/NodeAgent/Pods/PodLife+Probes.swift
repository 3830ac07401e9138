internal import Basics
internal import Linux

extension PodLife {
  /// Tries one probe of one run of a container until it is cancelled.
  func startProbe(_ name: String, _ run: Int, _ kind: ProbeKind) {
    guard let container = machine.pod.container(name), let probe = container.probe(kind) else { return }
    let signal = WakeSignal()
    probeSignals[name, default: []].append(signal)
    let attempt = makeAttempt(probe.action, container, timeout: probe.timeout)
    tasks[.probe(name, kind)]?.cancel()
    tasks[.probe(name, kind)] = Task { [context, worker] in
      let clock = context.clock
      let begin = clock.monotonicNow()
      var schedule = ProbeSchedule(probe)
      while !Task.isCancelled {
        let next = schedule.next(after: clock.monotonicNow() - begin)
        await Self.sleep(until: begin + next.at, clock, orUntil: signal)
        if Task.isCancelled { return }
        let problem = await attempt()
        if Task.isCancelled { return }
        if problem == nil { schedule.succeeded() }
        let outcome = ProbeOutcome(
          isSuccess: problem == nil, countsFailure: next.countsFailure, message: problem ?? "")
        worker.post(.input(.probed(container: name, run: run, kind: kind, outcome)))
        // A startup probe has done its work with the first success that counts.
        if problem == nil && kind == .startup && probe.successThreshold == 1 { return }
      }
    }
  }

  func stopProbes(_ name: String) {
    for kind in ProbeKind.allCases { tasks.removeValue(forKey: .probe(name, kind))?.cancel() }
    probeSignals[name] = nil
  }

  private static func sleep(until deadline: Duration, _ clock: any SleepingClock, orUntil signal: WakeSignal) async {
    let delay = deadline - clock.monotonicNow()
    guard delay > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await clock.sleep(for: delay) }
      group.addTask { await signal.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  /// One try of a probe or hook: nil on success, else what went wrong.
  func makeAttempt(
    _ action: ProbeSpec.Action, _ container: ContainerSpec, timeout: Duration
  ) -> @Sendable () async -> String? {
    let context = self.context
    let address = machine.podAddress
    switch action {
    case .httpGet(let host, let port, let path, let isHTTPS, let headers):
      return {
        await context.prober.get(
          host ?? address, port, path: path, isHTTPS: isHTTPS, headers: headers, timeout: timeout)
      }
    case .tcpSocket(let host, let port):
      return { await context.prober.connect(host ?? address, port, timeout: timeout) }
    case .sleep(let seconds):
      return {
        try? await context.clock.sleep(for: .seconds(seconds))
        return nil
      }
    case .invalid(let reason): return { reason }
    case .execute(let command):
      guard let plan, let link else { return { "the pod is not prepared" } }
      let launcher = ContainerLauncher(
        node: context.settings, pod: machine.pod, podAddress: address, references: references, plan: plan)
      let worker = self.worker
      return {
        do {
          let outcome = try await worker.execute(command, container, launcher, link, timeout: timeout)
          if outcome.timedOut { return "command timed out: \(command.joined(separator: " "))" }
          return outcome.code == 0 ? nil : (outcome.output.isEmpty ? "exit code \(outcome.code)" : outcome.output)
        } catch {
          return "\(error)"
        }
      }
    }
  }
}
