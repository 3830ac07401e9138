internal import Basics
internal import KubeProtocol
internal import Linux
internal import Synchronization

/// Carries out what one pod's machine decides. Everything that happens to the pod comes through its mailbox,
/// in order; a task works while there is something in it, so that a pod at rest costs no task.
final class PodWorker: Sendable {
  let context: NodeContext
  let key: ObjectKey
  let uid: String
  private let mailbox = Mutex(Mailbox())
  /// What other threads may ask: which run of each container is alive.
  private let liveRestarts = Mutex<[String: Int64]>([:])
  private let executions = Mutex(Executions())
  /// What a client's program beside a container needs; nil while the pod is not prepared.
  private let place = Mutex<ExecutionPlace?>(nil)

  private struct Executions {
    var waiting: [String: CheckedContinuation<SupervisorEvent.Outcome, Never>] = [:]
    var next = 0
  }

  private struct Mailbox {
    var messages: [Message] = []
    /// There while messages are worked on.
    var task: Task<Void, Never>?
    /// From the beginning of the pod's life here to its end.
    var life: PodLife?
    var ended: (@Sendable () -> Void)?
  }

  enum Message: Sendable {
    case begin
    case input(PodInput)
    case supervisor(SupervisorEvent)
    case supervisorEnded
    /// End everything at once: the node does not wait.
    case abandon
    /// Stop in order and keep the pod's object: the node goes down.
    case shutDown(grace: Duration)
  }

  init(_ object: KubeObject, context: NodeContext) {
    self.context = context
    key = object.key
    uid = object.uid
  }

  func send(_ input: PodInput) { post(.input(input)) }
  func shutDown(grace: Duration) { post(.shutDown(grace: grace)) }

  /// The restart number of the run that is alive; nil where none is.
  func liveRestart(_ container: String) -> Int64? { liveRestarts.withLock { $0[container] } }

  /// Begins the pod's life.
  /// - Parameter ended: called once its object is gone or the node goes down.
  func start(_ object: KubeObject, ended: @escaping @Sendable () -> Void) {
    let life = PodLife(self, object)
    mailbox.withLock { mailbox in
      mailbox.life = life
      mailbox.ended = ended
    }
    post(.begin)
  }

  /// Ends everything of the pod at once, and returns when that is done.
  func abandon() async {
    post(.abandon)
    while let task = mailbox.withLock({ $0.task }) {
      task.cancel()
      await task.value
    }
  }

  func post(_ message: Message) {
    mailbox.withLock { mailbox in
      guard mailbox.life != nil else { return }
      mailbox.messages.append(message)
      if mailbox.task == nil { mailbox.task = Task(priority: .medium) { await work() } }
    }
  }

  private func work() async {
    while let (life, messages) = takeMessages() {
      for message in messages where !life.isOver {
        await life.take(message)
        liveRestarts.withLock { $0 = life.liveRestarts }
        place.withLock { $0 = life.executionPlace }
      }
      if life.isOver { end(life) }
    }
  }

  /// Nil where the task has nothing more to do; another one comes with the next message.
  private func takeMessages() -> (PodLife, [Message])? {
    mailbox.withLock { mailbox in
      guard let life = mailbox.life, !mailbox.messages.isEmpty else {
        mailbox.task = nil
        return nil
      }
      defer { mailbox.messages = [] }
      return (life, mailbox.messages)
    }
  }

  private func end(_ life: PodLife) {
    place.withLock { $0 = nil }
    life.cancelTasks()
    let ended = mailbox.withLock { mailbox in
      defer { mailbox.ended = nil }
      mailbox.life = nil
      mailbox.messages = []
      return mailbox.ended
    }
    ended?()
  }

  // MARK: programs beside a container

  /// Runs a command with a container's variables and folders, and waits for its end.
  func execute(
    _ command: [String], _ container: ContainerSpec, _ launcher: ContainerLauncher, _ link: SupervisorLink,
    timeout: Duration
  ) async throws -> SupervisorEvent.Outcome {
    let identifier = nextIdentifier()
    let execution = try await context.workers.run {
      try launcher.makeExecution(command, in: container, identifier: identifier, timeout: timeout)
    }
    return await execute(execution, link)
  }

  func nextIdentifier() -> String {
    executions.withLock { executions in
      executions.next &+= 1
      return String(executions.next)
    }
  }

  var executionPlace: ExecutionPlace? { place.withLock { $0 } }

  /// Until the program has ended; a task that is cancelled ends it.
  func execute(_ execution: SupervisorCommand.Execute, _ link: SupervisorLink) async
    -> SupervisorEvent.Outcome
  {
    let identifier = execution.identifier
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        executions.withLock { $0.waiting[identifier] = continuation }
        do {
          try link.send(.execute(execution))
          if Task.isCancelled { try link.send(.cancel(identifier: identifier)) }
        } catch {
          finishExecution(identifier, SupervisorEvent.Outcome(code: 126, output: "\(error)"))
        }
      }
    } onCancel: {
      // A link that takes nothing has ended, and its programs with it.
      try? link.send(.cancel(identifier: identifier))
    }
  }

  func finishExecution(_ identifier: String, _ outcome: SupervisorEvent.Outcome) {
    executions.withLock { $0.waiting.removeValue(forKey: identifier) }?.resume(returning: outcome)
  }

  /// Nobody will answer any more.
  func abandonExecutions() {
    let waiting = executions.withLock { executions in
      defer { executions.waiting = [:] }
      return executions.waiting.values.map { $0 }
    }
    for continuation in waiting {
      continuation.resume(returning: SupervisorEvent.Outcome(code: 137, output: "the pod has ended"))
    }
  }
}
