public import Basics
public import Formats

/// What the node agent tells a pod's supervisor: one JSON object per line on its standard input.
public enum SupervisorCommand: Sendable, Hashable {
  /// Starts a container's program.
  case start(Start)
  /// Sends a signal to a container's main process.
  case signal(name: String, number: Int32)
  /// SIGTERM to the container's main process now, SIGKILL to all of the container when the grace is over.
  case stop(name: String, graceMilliseconds: Int64)
  /// Runs a program beside a container and reports its exit code and the head of its output.
  case execute(Execute)
  /// Ends an executed program at once.
  case cancel(identifier: String)

  /// A container's program with everything resolved.
  public struct Start: Sendable, Hashable {
    public var name: String
    public var path: String
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    public var directory: String
    /// Where its output goes; the folder exists.
    public var logFile: String
    /// Passes a pipe as descriptor 3; the first byte written there is reported as `ready`.
    public var reportsReadiness: Bool
  }

  /// A program beside a container: a probe's, a hook's, or a client's.
  public struct Execute: Sendable, Hashable {
    public var identifier: String
    public var path: String
    public var arguments: [String]
    public var environment: [String]
    public var directory: String
    public var timeoutMilliseconds: Int64
    /// Where its streams are, for a client's program; nil keeps the head of its output for the report.
    public var streams: Streams?
  }

  /// FIFOs, or one terminal.
  public struct Streams: Sendable, Hashable {
    public var input: String?
    public var output: String?
    public var error: String?
    public var terminal: String?

    public init(
      input: String? = nil, output: String? = nil, error: String? = nil, terminal: String? = nil
    ) {
      self.input = input
      self.output = output
      self.error = error
      self.terminal = terminal
    }

    var json: JSONValue {
      var json: JSONValue = [:]
      for (key, path) in [("input", input), ("output", output), ("error", error), ("terminal", terminal)] {
        if let path { json[key] = .string(path) }
      }
      return json
    }

    init?(json: JSONValue?) {
      guard let json, json.object != nil else { return nil }
      self.init(
        input: json["input"]?.string, output: json["output"]?.string, error: json["error"]?.string,
        terminal: json["terminal"]?.string)
    }
  }

  public var json: JSONValue {
    switch self {
    case .start(let start):
      return [
        "op": "start", "name": .string(start.name), "path": .string(start.path),
        "arguments": .texts(start.arguments), "environment": .texts(start.environment),
        "directory": .string(start.directory), "log": .string(start.logFile),
        "readiness": .bool(start.reportsReadiness),
      ]
    case .signal(let name, let number):
      return ["op": "signal", "name": .string(name), "signal": .int(number)]
    case .stop(let name, let grace):
      return ["op": "stop", "name": .string(name), "graceMilliseconds": .int(grace)]
    case .execute(let execute):
      var json: JSONValue = [
        "op": "execute", "id": .string(execute.identifier), "path": .string(execute.path),
        "arguments": .texts(execute.arguments), "environment": .texts(execute.environment),
        "directory": .string(execute.directory), "timeoutMilliseconds": .int(execute.timeoutMilliseconds),
      ]
      json["streams"] = execute.streams?.json
      return json
    case .cancel(let identifier): return ["op": "cancel", "id": .string(identifier)]
    }
  }

  /// Nil for anything that is no command.
  public init?(json: JSONValue) {
    switch json["op"]?.string {
    case "start":
      guard let name = json["name"]?.string, let path = json["path"]?.string, let log = json["log"]?.string
      else {
        return nil
      }
      self = .start(
        Start(
          name: name, path: path, arguments: json.texts("arguments"), environment: json.texts("environment"),
          directory: json["directory"]?.string ?? "/", logFile: log,
          reportsReadiness: json["readiness"]?.bool ?? false))
    case "signal":
      guard let name = json["name"]?.string, let number = json["signal"]?.int.flatMap(Int32.init(exactly:)),
        (1...64).contains(number)
      else { return nil }
      self = .signal(name: name, number: number)
    case "stop":
      guard let name = json["name"]?.string else { return nil }
      self = .stop(name: name, graceMilliseconds: max(0, json["graceMilliseconds"]?.int ?? 0))
    case "execute":
      guard let identifier = json["id"]?.string, let path = json["path"]?.string else { return nil }
      self = .execute(
        Execute(
          identifier: identifier, path: path, arguments: json.texts("arguments"),
          environment: json.texts("environment"), directory: json["directory"]?.string ?? "/",
          timeoutMilliseconds: max(1, json["timeoutMilliseconds"]?.int ?? 1000),
          streams: Streams(json: json["streams"])))
    case "cancel":
      guard let identifier = json["id"]?.string else { return nil }
      self = .cancel(identifier: identifier)
    default: return nil
    }
  }

  /// The command as a line with its newline.
  public var line: Bytes { json.encoded() + [10] }
}

extension JSONValue {
  static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
  func texts(_ key: String) -> [String] { self[key]?.array?.compactMap(\.string) ?? [] }
}
