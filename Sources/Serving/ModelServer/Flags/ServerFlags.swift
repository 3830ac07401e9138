internal import Basics

/// The flags of KServe's own model servers, with underscores or dashes, and those that only Apus has. Each
/// may
/// also come as an environment variable: `--model_memory_limit` as `APUS_SERVER_MODEL_MEMORY_LIMIT`; what the
/// command line says goes first.
public struct ServerFlags: Sendable, Hashable {
  public var modelName = "model"
  /// Folder with the model's files, or one file; "" where it was not given.
  public var modelDirectory = ""
  public var httpPort = 8080
  public var grpcPort = 8081
  /// Event loops that read requests; predictions that take long have threads of their own.
  public var workers = 1
  /// Upstream: threads for gRPC calls. Where it is given, threads for predictions that take long.
  public var maxThreads = 4
  /// Threads that one prediction may use.
  public var nthread = 1
  public var enableGRPC = true
  public var enableLatencyLogging = true
  /// `sklearn`, `xgboost`, …; nil to look at the model's content.
  public var framework: String?
  /// Address to listen on; nil for `POD_IP`, else loopback.
  public var host: String?
  public var grpcMaxSendMessageLength = 8 * ByteCount.mebibyte
  public var grpcMaxReceiveMessageLength = 8 * ByteCount.mebibyte
  /// Seconds that an unused connection is kept.
  public var timeoutKeepAlive = 65
  /// A longer body of an HTTP request gets 413.
  public var maxBodyBytes = ByteCount.gibibyte

  /// `kserve` or `mlserver`: whose settings are read and whose answers are given.
  public var dialect = "kserve"
  /// Whether code out of models' files may be run, in Python workers.
  public var allowPython = false
  /// `auto`, `true`, `false`: whether `--model_dir` holds a model in each sub-folder.
  public var repository = "auto"
  /// Models that are loaded at a time when the server starts; 0 for as many as there are processors.
  public var loadThreads = 0
  /// Bytes that loaded models may take in all; 0 for no limit.
  public var modelMemoryLimit = 0
  /// Rows that are computed together, and milliseconds that a request waits for company (upstream's batcher).
  public var maxBatchSize = 32
  public var maxLatency = 5000
  /// Whether V1 answers of batched requests have upstream's `batchId` and `message`.
  public var batchIDs = true
  /// Predictions of one model at a time; 0 for no limit.
  public var containerConcurrency = 0
  /// Requests per model that may wait.
  public var queueSize = 1024
  /// Seconds that a request without a deadline of its own may wait.
  public var queueTimeoutSeconds = 60
  /// Bytes of answers that are kept for equal requests; 0 for no response cache.
  public var responseCacheBytes = 0

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

  /// Whether requests for one model are computed together: one of the batcher's flags was given.
  var batches: Bool { given.contains("max_batchsize") || given.contains("max_latency") }

  /// - Parameters:
  ///   - arguments: without the program's name and subcommand.
  ///   - variable: the value of an environment variable.
  public static func parse(
    _ arguments: [String], variable: (String) -> String? = { _ in nil }
  ) throws(InvalidFlag) -> ServerFlags {
    var flags = ServerFlags()
    // Runtimes whose command line names no model, as Triton's, serve under their service's name.
    if let service = variable("INFERENCE_SERVICE_NAME"), !service.isEmpty { flags.modelName = service }
    try flags.take(variable)
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
    // Whoever lets the machine choose one port wants no other one fixed.
    if flags.httpPort == 0, !flags.given.contains("grpc_port") { flags.grpcPort = 0 }
    if let problem = ModelFolder.problem(ofName: flags.modelName) {
      let shown = String(flags.modelName.prefix(200).map { $0.isASCIIControl ? "?" : $0 })
      throw InvalidFlag(
        message: "argument --model_name: '\(shown)' is no name that a request could ask for: \(problem)")
    }
    return flags
  }

  private mutating func take(_ variable: (String) -> String?) throws(InvalidFlag) {
    for (name, definition) in Self.definitions.sorted(by: { $0.key < $1.key }) {
      guard let value = variable("APUS_SERVER_" + name.uppercased()), !value.isEmpty else { continue }
      if case .accepted = definition { continue }
      if case .bare = definition { continue }
      given.insert(name)
      try set(name, definition, value)
    }
  }

  private enum Definition: Sendable {
    case text(any WritableKeyPath<ServerFlags, String> & Sendable)
    case optionalText(any WritableKeyPath<ServerFlags, String?> & Sendable)
    case integer(any WritableKeyPath<ServerFlags, Int> & Sendable, ClosedRange<Int>)
    /// A number of bytes, with `Ki`, `Mi`, `Gi`, `K`, `M` or `G` behind it or without.
    case bytes(any WritableKeyPath<ServerFlags, Int> & Sendable)
    case choice(any WritableKeyPath<ServerFlags, String> & Sendable, [String])
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
      "nthread": .integer(\.nthread, 1...4096),
      "grpc_max_send_message_length": .integer(\.grpcMaxSendMessageLength, -1...Int(Int32.max)),
      "grpc_max_receive_message_length": .integer(\.grpcMaxReceiveMessageLength, -1...Int(Int32.max)),
      "timeout_keep_alive": .integer(\.timeoutKeepAlive, 1...86_400),
      "max_body_bytes": .bytes(\.maxBodyBytes),
      "allow_python": .flag(\.allowPython),
      "repository": .choice(\.repository, ["auto", "true", "false"]),
      // Triton's names.
      "model_store": .text(\.modelDirectory),
      "model_repository": .text(\.modelDirectory),
      "dialect": .choice(\.dialect, ["kserve", "mlserver"]),
      "load_threads": .integer(\.loadThreads, 0...256),
      "model_memory_limit": .bytes(\.modelMemoryLimit),
      "max_batchsize": .integer(\.maxBatchSize, 1...1_000_000),
      "max_latency": .integer(\.maxLatency, 0...3_600_000),
      "batch_ids": .flag(\.batchIDs),
      "container_concurrency": .integer(\.containerConcurrency, 0...100_000),
      "queue_size": .integer(\.queueSize, 1...1_000_000),
      "queue_timeout_seconds": .integer(\.queueTimeoutSeconds, 1...86_400),
      "response_cache_bytes": .bytes(\.responseCacheBytes),
    ]
    let accepted: [String] = [
      "max_asyncio_workers", "enable_docs_url", "configure_logging", "log_config_file", "access_log_format",
      "event_loop", "predictor_host", "protocol", "predictor_protocol", "predictor_use_ssl",
      "predictor_request_timeout_seconds", "predictor_request_retries",
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
    case .bytes(let path):
      guard let bytes = Self.byteCount(value) else {
        throw InvalidFlag(message: "argument --\(name): invalid number of bytes: '\(value)', use 512Mi, say")
      }
      self[keyPath: path] = bytes
    case .choice(let path, let choices):
      guard choices.contains(value.lowercased()) else {
        let list = choices.map { "'\($0)'" }.joined(separator: ", ")
        throw InvalidFlag(message: "argument --\(name): invalid choice: '\(value)' (choose from \(list))")
      }
      self[keyPath: path] = value.lowercased()
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

  private static func byteCount(_ text: String) -> Int? {
    let digits = text.prefix { $0.isNumber }
    guard let number = Int(digits), number >= 0 else { return nil }
    let factor: Int
    switch text.dropFirst(digits.count) {
    case "", "B": factor = 1
    case "K", "k": factor = 1000
    case "M": factor = 1_000_000
    case "G": factor = 1_000_000_000
    case "Ki": factor = ByteCount.kibibyte
    case "Mi": factor = ByteCount.mebibyte
    case "Gi": factor = ByteCount.gibibyte
    default: return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
  }
}

extension Character {
  fileprivate var isASCIIControl: Bool { unicodeScalars.contains { $0.value < 32 || $0.value == 127 } }
}
