internal import Linux
internal import ModelRuntime

/// How a model is computed: settings `onnx.…` of the model, else `APUS_ONNX_…` of the environment (the same
/// name in capitals, dots as underscores), else the defaults. Names are those of Triton's ONNX Runtime
/// backend where it has them.
struct ONNXSettings: Sendable, Hashable {
  enum Provider: String, Sendable { case cpu, cuda }

  var library: String?
  var intraOpThreads = 1
  var interOpThreads = 1
  /// ONNX Runtime's number: 0 none, 1 basic, 2 extended, 99 all.
  var optimizationLevel: Int32 = 99
  var isParallel = false
  var usesArena = true
  var usesMemoryPattern = true
  var logSeverity: Int32 = 3
  var provider = Provider.cpu
  /// The CUDA provider's own options.
  var cudaOptions: [String: String] = [:]
  /// Session configuration entries of ONNX Runtime.
  var entries: [String: String] = [:]
  /// Nil: by the model's shapes.
  var isBatchable: Bool?
  var warmsUp = true

  static let prefix = "onnx."

  private static let levels: [String: Int32] = [
    "disable": 0, "0": 0, "basic": 1, "1": 1, "extended": 2, "2": 2, "all": 99, "99": 99,
  ]
  private static let cudaOptionNames: Set<String> = [
    "gpu_mem_limit", "arena_extend_strategy", "cudnn_conv_algo_search", "do_copy_in_default_stream",
    "cudnn_conv_use_max_workspace", "use_tf32",
  ]
  /// Those that change how threads and memory are used; none names a file or a library.
  private static let entryNames: Set<String> = [
    "session.set_denormal_as_zero", "session.intra_op.allow_spinning", "session.inter_op.allow_spinning",
    "session.dynamic_block_base", "session.disable_prepacking",
    "session.use_device_allocator_for_initializers",
  ]
  private static let names: [String] =
    [
      "library", "intra_op_thread_count", "inter_op_thread_count", "graph_optimization_level",
      "execution_mode", "enable_mem_arena", "enable_mem_pattern", "log_severity_level", "execution_provider",
      "gpu_device_id", "batching", "warm_up",
    ] + cudaOptionNames.sorted() + entryNames.sorted()
  /// Custom operators are native code that the model brings along.
  private static let refusedNames: Set<String> = ["custom_op_library", "op_library_filename"]

  init() {}

  init(
    options: LoadOptions, environment: (String) -> String? = { ProcessEnvironment.variable($0) }
  ) throws(ModelLoadError) {
    intraOpThreads = max(1, options.threads)
    // Waiting threads that spin would take the cores that the event loops need.
    entries = ["session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"]
    for name in Self.names + Self.refusedNames.sorted() {
      let variable = "APUS_ONNX_" + name.uppercased().replacingDots()
      if let value = environment(variable) { try set(name, value, source: variable) }
    }
    for (key, value) in options.settings.sorted(by: { $0.key < $1.key }) where key.hasPrefix(Self.prefix) {
      try set(String(key.dropFirst(Self.prefix.count)), value, source: key)
    }
  }

  private mutating func set(_ name: String, _ value: String, source: String) throws(ModelLoadError) {
    switch name {
    case "library": library = value
    case "intra_op_thread_count": intraOpThreads = try Self.count(value, source)
    case "inter_op_thread_count": interOpThreads = try Self.count(value, source)
    case "graph_optimization_level":
      guard let level = Self.levels[value.lowercased()] else {
        throw Self.invalid(source, value, "disable, basic, extended or all")
      }
      optimizationLevel = level
    case "execution_mode":
      switch value.lowercased() {
      case "sequential", "0": isParallel = false
      case "parallel", "1": isParallel = true
      default: throw Self.invalid(source, value, "sequential or parallel")
      }
    case "enable_mem_arena": usesArena = try Self.flag(value, source)
    case "enable_mem_pattern": usesMemoryPattern = try Self.flag(value, source)
    case "log_severity_level":
      guard let level = Int32(value), (0...4).contains(level) else {
        throw Self.invalid(source, value, "0 (verbose) to 4 (fatal)")
      }
      logSeverity = level
    case "execution_provider":
      guard let chosen = Provider(rawValue: value.lowercased()) else {
        throw Self.invalid(source, value, "cpu or cuda")
      }
      provider = chosen
    case "gpu_device_id":
      guard let device = Int32(value), device >= 0 else { throw Self.invalid(source, value, "0 or more") }
      cudaOptions["device_id"] = String(device)
    case "batching":
      isBatchable = value.lowercased() == "auto" ? nil : try Self.flag(value, source)
    case "warm_up": warmsUp = try Self.flag(value, source)
    default: try setOther(name, value, source)
    }
  }

  private mutating func setOther(
    _ name: String, _ value: String, _ source: String
  ) throws(ModelLoadError) {
    if Self.refusedNames.contains(name) {
      throw ModelLoadError(
        .unsafeContent,
        "The setting \(source) names a library of custom operators: such a library is native code that would "
          + "run inside the server, so it is not loaded; use a model of standard operators.")
    }
    if Self.cudaOptionNames.contains(name) {
      cudaOptions[name] = value
    } else if Self.entryNames.contains(name) {
      entries[name] = value
    } else {
      throw ModelLoadError(
        .unknownFramework,
        "There is no setting \(source); for ONNX models there are: "
          + Self.names.map { Self.prefix + $0 }.joined(separator: ", "))
    }
  }

  private static func count(_ value: String, _ source: String) throws(ModelLoadError) -> Int {
    guard let count = Int(value), (0...1024).contains(count) else {
      throw invalid(source, value, "a number of threads, 0 for one per core")
    }
    return count
  }

  private static func flag(_ value: String, _ source: String) throws(ModelLoadError) -> Bool {
    switch value.lowercased() {
    case "1", "true", "yes", "on": true
    case "0", "false", "no", "off": false
    default: throw invalid(source, value, "true or false")
    }
  }

  private static func invalid(_ source: String, _ value: String, _ expected: String) -> ModelLoadError {
    ModelLoadError(.unknownFramework, "The setting \(source) is '\(value)'; expected \(expected).")
  }
}

extension String {
  fileprivate func replacingDots() -> String { String(map { $0 == "." ? "_" : $0 }) }
}
