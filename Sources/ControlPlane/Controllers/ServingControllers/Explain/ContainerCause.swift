internal import Basics
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Why one container of a pod does not run, from its status, its spec and the events about it; pure.
struct ContainerCause {
  let view: PodView
  let status: JSONValue

  var name: String { status["name"]?.string ?? "" }
  private var isStorage: Bool { name == ServingPod.storageInitializer }
  private var namespace: String { view.pod.namespace }

  struct Finding {
    var cause: FailureCause
    var exitCode: Int64?
    var time: String?
  }

  /// Nil for a container that runs, has done its work, or is on its way.
  func find() -> Finding? {
    if status["ready"]?.bool == true || status.at("state", "terminated", "exitCode")?.int == 0 { return nil }
    if let ended = Self.endedBadly(status.at("state", "terminated"))
      ?? Self.endedBadly(status.at("lastState", "terminated"))
    {
      return Finding(
        cause: killedByProbe(ended) ?? end(ended), exitCode: ended["exitCode"]?.int,
        time: ended["finishedAt"]?.string)
    }
    if status.at("state", "running") != nil { return probe().map { Finding(cause: $0) } }
    return waiting().map { Finding(cause: $0) }
  }

  private static func endedBadly(_ terminated: JSONValue?) -> JSONValue? {
    guard let terminated, (terminated["exitCode"]?.int ?? 0) != 0 || terminated["reason"]?.string == "Error"
    else { return nil }
    return terminated
  }

  // MARK: waiting

  private func waiting() -> FailureCause? {
    guard let waiting = status.at("state", "waiting") else { return nil }
    let reason = waiting["reason"]?.string ?? ""
    let told = waiting["message"]?.string ?? ""
    // Words for being on the way; with a message the node says what holds it up: a volume, mostly.
    if ["", "PodInitializing", "ContainerCreating"].contains(reason) {
      let message = told.isEmpty ? view.message(of: ["FailedMount", "FailedAttachVolume"]) ?? "" : told
      guard !message.isEmpty else { return nil }
      return MissingReference.cause(message, namespace: namespace, cache: LocalModelMatch(view.pod))
        ?? FailureCause(
          .volumeFailed, value: view.pod.name, "the pod cannot be prepared: \(message)", fix: "")
    }
    let message = told.isEmpty ? reason : told
    let code = FailureCode(reason: reason) ?? .cannotStart
    if code == .imageNotRunnable {
      let image = view.container(name)?["image"]?.string ?? status["image"]?.string ?? ""
      return FailureCause(code, value: image, "container \(name) cannot run: \(message)", fix: nil)
    }
    return MissingReference.cause(message, namespace: namespace, cache: LocalModelMatch(view.pod))
      ?? FailureCause(code, value: name, "container \(name) cannot start: \(message)")
  }

  // MARK: running

  /// A probe that has failed as often as it may, while the program runs on.
  private func probe() -> FailureCause? {
    let start = status.at("state", "running", "startedAt")?.string.flatMap(Timestamp.init(rfc3339:))
    guard let failure = view.probeFailure(name, since: start) else { return nil }
    return failing(failure)
  }

  private func failing(_ failure: (count: Int64, kind: String, text: String)) -> FailureCause? {
    let member = "\(failure.kind)Probe"
    let probe = view.container(name)?[member]
    guard failure.count >= max(1, probe?["failureThreshold"]?.int ?? 3) else { return nil }
    let target = Self.target(probe)
    if name == ServingPod.transformerContainer || view.pod.labels[ServingLabel.component] == "transformer" {
      let address = "\(view.pod.status?["podIP"]?.string ?? ""):\(Self.port(probe) ?? "8080")"
      return FailureCause(
        .transformerUnreachable, value: address,
        "the transformer's container \(name) runs, but nobody reaches it: \(failure.text)",
        details: ["probe": target, "container": name])
    }
    return FailureCause(
      .probeFailing, value: target,
      "container \(name) runs, but its \(failure.kind) probe (\(target)) has failed \(failure.count) times: "
        + failure.text,
      details: ["probe": failure.kind, "container": name])
  }

  /// `GET /v2/health/ready on port 8080`.
  static func target(_ probe: JSONValue?) -> String {
    guard let probe else { return "unknown" }
    let port = port(probe) ?? "?"
    if let get = probe["httpGet"] { return "GET \(get["path"]?.string ?? "/") on port \(port)" }
    if probe["tcpSocket"] != nil { return "TCP port \(port)" }
    if probe["grpc"] != nil { return "gRPC port \(port)" }
    let command = (probe.at("exec", "command")?.array ?? []).compactMap(\.string).joined(separator: " ")
    return "command \(command.prefix(200))"
  }

  private static func port(_ probe: JSONValue?) -> String? {
    let port = probe?.at("httpGet", "port") ?? probe?.at("tcpSocket", "port") ?? probe?.at("grpc", "port")
    return port?.string ?? port?.int.map(String.init)
  }

  // MARK: ended

  /// SIGTERM or SIGKILL after a liveness or startup probe had failed: the probe is the cause.
  private func killedByProbe(_ ended: JSONValue) -> FailureCause? {
    let isKill = [137, 143].contains(ended["exitCode"]?.int ?? 0) && ended["reason"]?.string != "OOMKilled"
    let start = ended["startedAt"]?.string.flatMap(Timestamp.init(rfc3339:))
    guard isKill, let failure = view.probeFailure(name, since: start), failure.kind != "readiness" else {
      return nil
    }
    return failing(failure)
  }

  private func end(_ ended: JSONValue) -> FailureCause {
    let exitCode = ended["exitCode"]?.int ?? 1
    let left = TerminationMessage(ended["message"]?.string ?? "")
    if ended["reason"]?.string == "OOMKilled" { return outOfMemory() }
    if let left, let code = FailureCode(rawValue: left.code) { return sentence(left, code) }
    if let port = PortConflict.port(in: left?.lines ?? []) { return portTaken(port, left?.text ?? "") }
    if isStorage, let left { return StorageMessage.cause(left, uri: view.sourceURI) }
    let wasReady = view.wasReady
    let signal = ended["signal"]?.int ?? 0
    let end = signal > 0 ? "was ended by signal \(signal)" : "ended with exit code \(exitCode)"
    let when = wasReady ? "after it had been ready" : "before it was ready"
    let words = left.map { ": \($0.text)" } ?? " and left no message"
    return FailureCause(
      wasReady ? .crashLater : .crashAtStart, value: String(exitCode),
      "container \(name) \(end) \(when)\(words)",
      fix: "see `apus logs \(view.serviceName) -n \(namespace) -c \(name) --previous` and correct the "
        + "program or what it is given",
      details: ["exitCode": String(exitCode), "container": name])
  }

  /// What one of Apus's own programs says.
  private func sentence(_ left: TerminationMessage, _ code: FailureCode) -> FailureCause {
    let isFetch = isStorage || code.isStorage
    var details = ["container": name]
    var value = left.value
    // The place that the user wrote says more than the path that it has inside a pod.
    if !view.sourceURI.isEmpty, isFetch && value.isEmpty || code.isAboutPlace {
      if !value.isEmpty { details["path"] = value }
      value = view.sourceURI
    }
    let subject = isFetch ? "the model could not be fetched: " : ""
    let parts = left.fix.isEmpty ? Self.split(left.text) : (left.text, left.fix)
    return FailureCause(code, value: value, subject + parts.cause, fix: parts.fix, details: details)
  }

  private static let imperatives: Set<String> = [
    "ask", "check", "choose", "copy", "correct", "create", "export", "free", "give", "have", "install",
    "leave", "make", "mount", "name", "narrow", "put", "raise", "remove", "save", "serve", "set", "upload",
    "use",
  ]

  /// A sentence of Apus's own programs may end in its fix, after a semicolon; nil where it has none.
  static func split(_ text: String) -> (cause: String, fix: String?) {
    guard let semicolon = text.lastIndex(of: ";") else { return (text, nil) }
    let rest = text[text.index(after: semicolon)...].drop { $0 == " " }
    guard imperatives.contains(String(rest.prefix { $0.isLetter })) else { return (text, nil) }
    return (String(text[..<semicolon]), String(rest))
  }

  private func outOfMemory() -> FailureCause {
    let limit = view.container(name)?.at("resources", "limits", "memory")
    let text = limit?.string ?? limit?.int.map(String.init) ?? ""
    return FailureCause(
      .outOfMemory, value: text,
      "container \(name) used more memory than its limit\(text.isEmpty ? "" : " of \(text)") and was ended",
      details: ["container": name])
  }

  private func portTaken(_ found: String, _ text: String) -> FailureCause {
    let container = view.container(name)
    let declared = container?["ports"]?[0]?["containerPort"]?.int.map(String.init)
    let port = found.isEmpty ? declared ?? Self.port(container?["readinessProbe"]) ?? "" : found
    let place = port.isEmpty ? "its port" : "port \(port)"
    return FailureCause(
      .portTaken, value: port, "container \(name) cannot have \(place), which another program holds: \(text)",
      details: ["container": name])
  }
}

extension FailureCode {
  /// Told by the program that fetches models.
  var isStorage: Bool { entry.exitCode.map { (60..<70).contains($0) } ?? false }

  /// Its value is where the model lies.
  var isAboutPlace: Bool {
    switch self {
    case .modelMissing, .severalModels, .unreadable, .corrupt, .unsupportedVersion, .tooLarge: true
    default: false
    }
  }
}

/// What other programs that fetch models say, by the words of the common stores.
enum StorageMessage {
  private static let words: [(code: FailureCode, words: [String])] = [
    (
      .accessDenied,
      ["403", "401", "accessdenied", "access denied", "forbidden", "unauthorized", "invalidaccesskey"]
    ),
    (.sourceNotFound, ["404", "nosuchkey", "nosuchbucket", "not found", "no model found", "does not exist"]),
    (.diskFull, ["no space left"]),
    (.unsupportedScheme, ["cannot recognize storage type"]),
  ]

  static func cause(_ left: TerminationMessage, uri: String) -> FailureCause {
    let code = words.first { row in row.words.contains { QuotedName.find($0, in: left.text) != nil } }?.code
    return FailureCause(
      code ?? .downloadFailed, value: uri, "the model could not be fetched: \(left.text)",
      details: ["container": ServingPod.storageInitializer])
  }
}
