internal import Basics
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// What the supervisor reports.
extension PodLife {
  func handle(_ event: SupervisorEvent) async {
    // What a pod that was released still hears does not matter.
    if link == nil { return }
    switch event {
    case .started(let name, let process, let time):
      processes[name] = process
      watchMemory(name, process)
      runPostStart(name)
      await handle(.started(container: name, run: currentRun(name), at: time))
    case .startFailed(let name, let message):
      await handle(
        .startFailed(container: name, run: currentRun(name), reason: "RunContainerError", message: message))
    case .exited(let name, let code, let signal, let time):
      processes[name] = nil
      stopWatchingMemory(name)
      for task in [TaskName.stop(name), .postStart(name)] {
        tasks.removeValue(forKey: task)?.cancel()
      }
      let message = await terminationMessage(name, code: code)
      await handle(
        .exited(container: name, exit: ContainerExit(code: code, signal: signal, at: time, message: message)))
      if isShuttingDown { finishShutDownIfQuiet() }
    case .ready(let name): await handle(.signalledReady(container: name))
    case .executed(let identifier, let outcome):
      worker.finishExecution(identifier, outcome)
    case .refused(let message): context.log.error("supervisor refused a command", ["cause": message])
    }
  }

  private func currentRun(_ name: String) -> Int {
    machine.index(name).map { machine.containers[$0].run } ?? 0
  }

  private func terminationMessage(_ name: String, code: Int32) async -> String {
    guard let index = machine.index(name) else { return "" }
    let record = machine.containers[index]
    let path = directory.terminationLog(name)
    let log = directory.log(name, restart: Int(clamping: record.restartCount))
    let usesLog = record.spec.fallsBackToLogs && code != 0
    let message = try? await context.workers.run {
      TerminationMessage.read(path: path, log: usesLog ? log : nil)
    }
    return message ?? ""
  }

  func supervisorEnded() async {
    if link == nil { return }
    link = nil
    worker.abandonExecutions()
    let mark = "\(ContainerEnvironment.podVariable)=\(worker.uid)"
    // It kills everything before it goes; were it killed itself, its processes would be left.
    _ = try? await context.workers.run {
      for process in ProcessTable.processes(withEnvironment: mark) { Signal.kill.send(to: process) }
    }
    processes = [:]
    for name in memoryWatches.keys { stopWatchingMemory(name) }
    if isShuttingDown { return finishShutDownIfQuiet() }
    guard machine.stage == .running || machine.stage == .terminating else { return }
    context.log.warning("a pod's supervisor ended unexpectedly", ["pod": worker.key.description])
    do {
      let (settings, worker) = (context.settings, self.worker)
      try adopt(try await context.workers.run { try Self.startSupervisor(settings, worker) })
    } catch {
      context.log.error("no supervisor for a pod", ["pod": worker.key.description, "cause": "\(error)"])
    }
    await handle(.supervisorLost)
  }
}
