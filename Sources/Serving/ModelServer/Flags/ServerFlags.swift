/// The flags of KServe's own model servers, with underscores or dashes, and the few that only Apus has.
public struct ServerFlags: Sendable, Hashable {
  public var modelName = "model"
  /// Folder with the model's files, or one file; "" where it was not given.
  public var modelDirectory = ""
  public var httpPort = 8080
  public var grpcPort = 8081
  /// Event loops that read requests; predictions that take long have threads of their own.
  public var workers = 1
  /// Upstream: threads for gRPC calls.
  public var maxThreads = 4
  public var enableGRPC = true
  public var enableLatencyLogging = true
  /// `sklearn`, `xgboost`, …; nil to look at the model's content.
  public var framework: String?
  /// Address to listen on; nil for `POD_IP`, else loopback.
  public var host: String?
  /// Flags that the caller gave, by their normalized name.
  public private(set) var given: Set<String> = []
  /// Arguments that mean nothing here, as they came; upstream's servers ignore them too.
  public private(set) var ignored: [String] = []

  public init() {}

  /// Why the arguments cannot be used; in argparse's words.
  public struct InvalidFlag: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
  }

  /// - Parameter arguments: without the program's name and subcommand.
  public static func parse(_ arguments: [String]) throws(InvalidFlag) -> ServerFlags {
    var flags = ServerFlags()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--"), argument.count > 2 else {
        flags.ignored.append(argument)
        continue
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0]).replacing("-", with: "_")
      let attached = parts.count > 1 ? String(parts[1]) : nil
      guard let definition = definitions[name] else {
        flags.ignored.append(argument)
        if attached == nil, let next = rest.first, !next.hasPrefix("--") {
          flags.ignored.append(rest.removeFirst())
        }
        continue
      }
      flags.given.insert(name)
      if case .bare = definition { continue }
      guard let value = attached ?? rest.popFirst() else {
        throw InvalidFlag(message: "argument --\(name): expected one argument")
      }
      try flags.set(name, definition, value)
    }
    if let problem = Self.problem(ofModelName: flags.modelName) {
      let shown = String(flags.modelName.prefix(200).map { $0.isASCIIControl ? "?" : $0 })
      throw InvalidFlag(
        message: "argument --model_name: '\(shown)' is no name that a request could ask for: \(problem)")
    }
    return flags
  }

  private static func problem(ofModelName name: String) -> String? {
    guard let first = name.first, let last = name.last, !first.isWhitespace, !last.isWhitespace else {
      return "it is empty or ends in spaces"
    }
    if name.contains("/") { return "it has a slash" }
    if name.contains(where: \.isASCIIControl) { return "it has a control character" }
    return name == "." || name == ".." ? "clients take it for a folder" : nil
  }

  private enum Definition: Sendable {
    case text(any WritableKeyPath<ServerFlags, String> & Sendable)
    case optionalText(any WritableKeyPath<ServerFlags, String?> & Sendable)
    case integer(any WritableKeyPath<ServerFlags, Int> & Sendable, ClosedRange<Int>)
    case flag(any WritableKeyPath<ServerFlags, Bool> & Sendable)
    /// Takes a value that has no meaning here.
    case accepted
    /// Takes no value.
    case bare
  }

  private static let definitions: [String: Definition] = {
    var table: [String: Definition] = [
      "model_name": .text(\.modelName),
      "model_dir": .text(\.modelDirectory),
      "http_port": .integer(\.httpPort, 0...65_535),
      "grpc_port": .integer(\.grpcPort, 0...65_535),
      "workers": .integer(\.workers, 1...256),
      "max_threads": .integer(\.maxThreads, 1...4096),
      "enable_grpc": .flag(\.enableGRPC),
      "enable_latency_logging": .flag(\.enableLatencyLogging),
      "framework": .optionalText(\.framework),
      "host": .optionalText(\.host),
      "http_address": .optionalText(\.host),
      "enable_predictor_health_check": .bare,
    ]
    let accepted: [String] = [
      "max_asyncio_workers", "enable_docs_url", "configure_logging", "log_config_file", "access_log_format",
      "event_loop", "timeout_keep_alive", "predictor_host", "protocol", "predictor_protocol",
      "predictor_use_ssl",
      "predictor_request_timeout_seconds", "predictor_request_retries", "grpc_max_send_message_length",
      "grpc_max_receive_message_length", "nthread",
    ]
    for name in accepted { table[name] = .accepted }
    return table
  }()

  private mutating func set(_ name: String, _ definition: Definition, _ value: String) throws(InvalidFlag) {
    switch definition {
    case .text(let path): self[keyPath: path] = value
    case .optionalText(let path): self[keyPath: path] = value.isEmpty ? nil : value
    case .integer(let path, let range):
      guard let number = Int(value) else {
        throw InvalidFlag(message: "argument --\(name): invalid int value: '\(value)'")
      }
      guard range.contains(number) else {
        throw InvalidFlag(
          message: "argument --\(name): \(number) is not between \(range.lowerBound) and \(range.upperBound)")
      }
      self[keyPath: path] = number
    case .flag(let path):
      guard let truth = Self.truth(value) else {
        throw InvalidFlag(message: "argument --\(name): invalid truth value '\(value)', use true or false")
      }
      self[keyPath: path] = truth
    case .accepted, .bare: break
    }
  }

  /// As upstream: y yes t true on 1, n no f false off 0, in any case.
  private static func truth(_ value: String) -> Bool? {
    switch value.lowercased() {
    case "y", "yes", "t", "true", "on", "1": true
    case "n", "no", "f", "false", "off", "0": false
    default: nil
    }
  }
}

extension Character {
  fileprivate var isASCIIControl: Bool { unicodeScalars.contains { $0.value < 32 || $0.value == 127 } }
}
