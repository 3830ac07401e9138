public import Basics
public import Formats

/// What a pod's supervisor reports: one JSON object per line on its standard output.
public enum SupervisorEvent: Sendable, Hashable {
  case started(name: String, process: Int32, at: Timestamp)
  /// The program could not be executed.
  case startFailed(name: String, message: String)
  case exited(name: String, code: Int32, signal: Int32, at: Timestamp)
  /// The program wrote to its readiness descriptor.
  case ready(name: String)
  case executed(identifier: String, Outcome)
  /// A line that was no command.
  case refused(message: String)

  /// How an executed program ended.
  public struct Outcome: Sendable, Hashable {
    public var code: Int32
    public var timedOut: Bool
    /// The first kilobytes of output and error.
    public var output: String

    public init(code: Int32, timedOut: Bool = false, output: String = "") {
      self.code = code
      self.timedOut = timedOut
      self.output = output
    }
  }

  public var json: JSONValue {
    switch self {
    case .started(let name, let process, let time):
      return [
        "event": "started", "name": .string(name), "pid": .int(process), "time": .string(time.rfc3339Nano),
      ]
    case .startFailed(let name, let message):
      return ["event": "startFailed", "name": .string(name), "message": .string(message)]
    case .exited(let name, let code, let signal, let time):
      return [
        "event": "exited", "name": .string(name), "code": .int(code), "signal": .int(signal),
        "time": .string(time.rfc3339Nano),
      ]
    case .ready(let name): return ["event": "ready", "name": .string(name)]
    case .executed(let identifier, let outcome):
      return [
        "event": "executed", "id": .string(identifier), "code": .int(outcome.code),
        "timedOut": .bool(outcome.timedOut), "output": .string(outcome.output),
      ]
    case .refused(let message): return ["event": "refused", "message": .string(message)]
    }
  }

  /// Nil for anything that is no event.
  public init?(json: JSONValue) {
    let name = json["name"]?.string
    let time = json["time"]?.string.flatMap(Timestamp.init(rfc3339:))
    let message = json["message"]?.string ?? ""
    switch (json["event"]?.string, name, time) {
    case ("started", let name?, let time?):
      guard let process = json["pid"]?.int.flatMap(Int32.init(exactly:)) else { return nil }
      self = .started(name: name, process: process, at: time)
    case ("startFailed", let name?, _): self = .startFailed(name: name, message: message)
    case ("exited", let name?, let time?):
      guard let code = json["code"]?.int.flatMap(Int32.init(exactly:)),
        let signal = json["signal"]?.int.flatMap(Int32.init(exactly:))
      else { return nil }
      self = .exited(name: name, code: code, signal: signal, at: time)
    case ("ready", let name?, _): self = .ready(name: name)
    case ("executed", _, _):
      guard let identifier = json["id"]?.string, let code = json["code"]?.int.flatMap(Int32.init(exactly:))
      else {
        return nil
      }
      let outcome = Outcome(
        code: code, timedOut: json["timedOut"]?.bool ?? false, output: json["output"]?.string ?? "")
      self = .executed(identifier: identifier, outcome)
    case ("refused", _, _): self = .refused(message: message)
    default: return nil
    }
  }

  /// The event as a line with its newline.
  public var line: Bytes { json.encoded() + [10] }
}

extension Timestamp {
  /// With nine digits of fraction, as container runtimes stamp log lines.
  var rfc3339Nano: String {
    let below = String(nanoseconds % 1000)
    return rfc3339Micro.dropLast() + String(repeating: "0", count: 3 - below.count) + below + "Z"
  }
}
