internal import Basics
internal import Formats

/// How a container's run ended, as its status shows it.
struct ContainerTermination: Sendable, Hashable {
  var exitCode: Int32
  var signal: Int32 = 0
  /// `Completed`, `Error`, `OOMKilled`, …
  var reason: String
  var message = ""
  var startedAt: Timestamp?
  var finishedAt: Timestamp
  var containerID = ""

  var json: JSONValue {
    var json: JSONValue = ["exitCode": .int(exitCode), "reason": .string(reason)]
    if signal != 0 { json["signal"] = .int(signal) }
    if !message.isEmpty { json["message"] = .string(message) }
    json["startedAt"] = startedAt.map { .string($0.rfc3339) } ?? .null
    json["finishedAt"] = .string(finishedAt.rfc3339)
    if !containerID.isEmpty { json["containerID"] = .string(containerID) }
    return json
  }

  init(
    exitCode: Int32, signal: Int32 = 0, reason: String, message: String = "", startedAt: Timestamp?,
    finishedAt: Timestamp, containerID: String = ""
  ) {
    self.exitCode = exitCode
    self.signal = signal
    self.reason = reason
    self.message = message
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.containerID = containerID
  }

  init?(json: JSONValue?) {
    guard let json, let code = json["exitCode"]?.int.flatMap(Int32.init(exactly:)) else { return nil }
    exitCode = code
    signal = json["signal"]?.int.flatMap(Int32.init(exactly:)) ?? 0
    reason = json["reason"]?.string ?? ""
    message = json["message"]?.string ?? ""
    startedAt = json["startedAt"]?.string.flatMap(Timestamp.init(rfc3339:))
    finishedAt = json["finishedAt"]?.string.flatMap(Timestamp.init(rfc3339:)) ?? Timestamp(seconds: 0)
    containerID = json["containerID"]?.string ?? ""
  }
}

/// What the machine knows of one container.
struct ContainerRecord: Sendable, Hashable {
  enum State: Sendable, Hashable {
    case waiting(reason: String, message: String)
    /// Told to start; the supervisor has not answered yet.
    case starting
    case running(since: Timestamp)
    case terminated(ContainerTermination)
  }

  let spec: ContainerSpec
  var state: State
  var last: ContainerTermination?
  var restartCount: Int64 = 0
  /// How many runs have been started since this node took the pod over; numbers runs for late answers.
  var run = 0
  /// Ends in a row that were followed by a restart; the back-off grows with it.
  var crashes = 0
  var isStarted = false
  var isReady = false
  var successes: [ProbeKind: Int] = [:]
  var failures: [ProbeKind: Int] = [:]
  /// Killed for its memory: the coming end gets this reason.
  var isOverMemory = false
  var isStopping = false

  init(_ spec: ContainerSpec, waiting reason: String) {
    self.spec = spec
    state = .waiting(reason: reason, message: "")
  }

  var name: String { spec.name }

  var isRunning: Bool {
    if case .running = state { return true }
    return false
  }

  /// A process exists or is about to.
  var isActive: Bool {
    switch state {
    case .starting, .running: true
    case .waiting, .terminated: false
    }
  }

  var termination: ContainerTermination? {
    if case .terminated(let termination) = state { return termination }
    return nil
  }

  var hasSucceeded: Bool { termination?.exitCode == 0 }

  func containerID(pod uid: String) -> String { "apus://\(uid)/\(name)/\(restartCount)" }
}
