internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import Linux
internal import Telemetry

extension PodLife {
  /// Runs the hook before the stop, once, within the grace; then SIGTERM with what is left of it.
  func stop(_ name: String, grace: Duration) {
    guard let link, let container = machine.pod.container(name) else { return }
    let isFirst = stopping.insert(name).inserted
    guard isFirst, grace > .zero, let hook = container.preStop, hook.object != nil else {
      return tell(link, name, grace)
    }
    let attempt = makeAttempt(ProbeSpec.Action(json: hook, container: container), container, timeout: grace)
    let worker = self.worker
    tasks[.stop(name)] = Task { await PodLife.stop(name, grace, after: attempt, link, worker) }
  }

  private static func stop(
    _ name: String, _ grace: Duration, after attempt: HandlerAttempt, _ link: SupervisorLink,
    _ worker: PodWorker
  ) async {
    let (clock, log) = (worker.context.clock, worker.context.log)
    let begin = clock.monotonicNow()
    let problem = await first(of: attempt, orAfter: grace, clock)
    if Task.isCancelled { return }
    if let problem {
      log.warning("a preStop hook failed", ["pod": worker.key.description, "cause": problem])
    }
    // Kubelets give two seconds even where the hook has used up the grace.
    let left = max(.seconds(2), grace - (clock.monotonicNow() - begin))
    do {
      try link.send(.stop(name: name, graceMilliseconds: left.wholeMilliseconds))
    } catch {
      log.warning("a container cannot be told to stop", ["container": name, "cause": "\(error)"])
    }
  }

  private func tell(_ link: SupervisorLink, _ name: String, _ grace: Duration) {
    do {
      try link.send(.stop(name: name, graceMilliseconds: grace.wholeMilliseconds))
    } catch {
      // Its input is closed now, so that it kills everything and its end is reported.
      context.log.warning("a container cannot be told to stop", ["container": name, "cause": "\(error)"])
    }
  }

  private static func first(
    of attempt: HandlerAttempt, orAfter limit: Duration, _ clock: any SleepingClock
  ) async -> String? {
    await withTaskGroup(of: String?.self) { group in
      group.addTask { await attempt.run() }
      group.addTask {
        do { try await clock.sleep(for: limit) } catch { return nil }
        return "it took longer than the pod's grace"
      }
      let problem = await group.next() ?? nil
      group.cancelAll()
      return problem
    }
  }

  /// A hook that fails ends the container, as in a kubelet.
  func runPostStart(_ name: String) {
    guard let link, let container = machine.pod.container(name), let hook = container.postStart,
      hook.object != nil
    else { return }
    let attempt = makeAttempt(
      ProbeSpec.Action(json: hook, container: container), container, timeout: .seconds(600))
    let grace = machine.pod.terminationGrace
    let pod = machine.pod.object
    let recorder = context.recorder
    tasks[.postStart(name)] = Task {
      guard let problem = await attempt.run(), !Task.isCancelled else { return }
      recorder.record(
        pod, .warning, reason: "FailedPostStartHook", message: "PostStartHook failed: \(problem)",
        fieldPath: "spec.containers{\(name)}")
      try? link.send(.stop(name: name, graceMilliseconds: grace.wholeMilliseconds))
    }
  }
}
