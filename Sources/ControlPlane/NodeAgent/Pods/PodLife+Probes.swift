internal import Basics
internal import Linux

extension PodLife {
  /// Tries one probe of one run of a container until it is stopped.
  func startProbe(_ name: String, _ run: Int, _ kind: ProbeKind) {
    guard let container = machine.pod.container(name), let probe = container.probe(kind) else { return }
    let attempt = makeAttempt(probe.action, container, timeout: probe.timeout)
    let started = ContainerProbe(probe, context: context, attempt: attempt) { [weak worker] outcome in
      worker?.post(.input(.probed(container: name, run: run, kind: kind, outcome)))
      // A startup probe has done its work with the first success that counts.
      return !(outcome.isSuccess && kind == .startup && probe.successThreshold == 1)
    }
    probes[name, default: []].append(started)
    started.start()
  }

  func stopProbes(_ name: String) {
    for probe in probes.removeValue(forKey: name) ?? [] { probe.stop() }
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
