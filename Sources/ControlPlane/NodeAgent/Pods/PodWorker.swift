internal import Basics
internal import KubeProtocol
internal import Linux
internal import Synchronization

/// Carries out what one pod's machine decides. One task runs it; everything that happens to the pod comes
/// through its mailbox, in order.
final class PodWorker: Sendable {
  let context: NodeContext
  let key: ObjectKey
  let uid: String
  private let mailbox: AsyncStream<Message>
  private let sender: AsyncStream<Message>.Continuation
  /// What other threads may ask: which run of each container is alive.
  private let liveRestarts = Mutex<[String: Int64]>([:])
  private let executions = Mutex(Executions())
  /// What a client's program beside a container needs; nil while the pod is not prepared.
  private let place = Mutex<ExecutionPlace?>(nil)

  private struct Executions {
    var waiting: [String: CheckedContinuation<SupervisorEvent.Outcome, Never>] = [:]
    var next = 0
  }

  enum Message: Sendable {
    case input(PodInput)
    case supervisor(SupervisorEvent)
    case supervisorEnded
    /// Stop in order and keep the pod's object: the node goes down.
    case shutDown(grace: Duration)
  }

  init(_ object: KubeObject, context: NodeContext) {
    self.context = context
    key = object.key
    uid = object.uid
    (mailbox, sender) = AsyncStream.makeStream(of: Message.self)
  }

  func send(_ input: PodInput) { sender.yield(.input(input)) }
  func shutDown(grace: Duration) { sender.yield(.shutDown(grace: grace)) }

  /// The restart number of the run that is alive; nil where none is.
  func liveRestart(_ container: String) -> Int64? { liveRestarts.withLock { $0[container] } }

  /// Lives the pod's life; returns when its object is gone or the node goes down.
  func run(_ object: KubeObject) async {
    let life = PodLife(self, object)
    await life.begin()
    for await message in mailbox {
      await life.take(message)
      liveRestarts.withLock { $0 = life.liveRestarts }
      place.withLock { $0 = life.executionPlace }
      if life.isOver { break }
    }
    place.withLock { $0 = nil }
    life.cancelTasks()
    sender.finish()
  }

  func post(_ message: Message) { sender.yield(message) }

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
