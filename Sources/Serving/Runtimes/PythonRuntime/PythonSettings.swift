internal import Linux
internal import ModelRuntime

/// How Python workers run: settings `python.…` of the model, else `APUS_PYTHON_…` of the environment (the
/// same name in capitals), else the defaults.
struct PythonSettings: Sendable, Hashable {
  /// Whether running code out of a model's files was asked for. Nothing here runs without it.
  var isAllowed = false
  /// The interpreter; nil for `python3` of `$VIRTUAL_ENV`, then of `PATH`.
  var executable: String?
  var workers = 1
  /// A request that takes longer costs its worker.
  var timeout = Duration.seconds(60)
  var loadTimeout = Duration.seconds(600)
  /// Requests that may wait for a worker.
  var queueCapacity = 100
  /// Bytes of data that one worker may hold; 0 for no limit.
  var memoryLimit = 0
  var kind: PythonModelKind?
  var className = ""
  var modelName: String?
  /// Nil: as the kind of model is.
  var isBatchable: Bool?

  static let prefix = "python."
  static let names = [
    "allow", "executable", "workers", "timeout_seconds", "load_timeout_seconds", "queue_size",
    "memory_limit_mib", "kind", "class_name", "model_name", "batching",
  ]

  init(
    options: LoadOptions, environment: (String) -> String? = { ProcessEnvironment.variable($0) }
  ) throws(ModelLoadError) {
    for name in Self.names {
      let variable = "APUS_PYTHON_" + name.uppercased()
      if let value = environment(variable) { try set(name, value, source: variable) }
    }
    for (key, value) in options.settings.sorted(by: { $0.key < $1.key }) where key.hasPrefix(Self.prefix) {
      try set(String(key.dropFirst(Self.prefix.count)), value, source: key)
    }
    if modelName == nil { modelName = options.settings["model_name"] }
  }

  private mutating func set(_ name: String, _ value: String, source: String) throws(ModelLoadError) {
    switch name {
    case "allow": isAllowed = try Self.flag(value, source)
    case "executable": executable = value.isEmpty ? nil : value
    case "workers": workers = try Self.number(value, source, 1...64)
    case "timeout_seconds": timeout = .seconds(try Self.number(value, source, 1...86_400))
    case "load_timeout_seconds": loadTimeout = .seconds(try Self.number(value, source, 1...86_400))
    case "queue_size": queueCapacity = try Self.number(value, source, 1...100_000)
    case "memory_limit_mib": memoryLimit = try Self.number(value, source, 0...(1 << 24)) << 20
    case "kind":
      guard let chosen = PythonModelKind(rawValue: value.lowercased()) else {
        throw Self.invalid(source, value, PythonModelKind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      kind = chosen
    case "class_name": className = value
    case "model_name": modelName = value
    case "batching": isBatchable = try Self.flag(value, source)
    default:
      throw ModelLoadError(
        .unknownFramework,
        "There is no setting \(source); for Python workers there are: "
          + Self.names.map { Self.prefix + $0 }.joined(separator: ", "))
    }
  }

  private static func flag(_ value: String, _ source: String) throws(ModelLoadError) -> Bool {
    switch value.lowercased() {
    case "1", "true", "yes", "on": true
    case "0", "false", "no", "off", "": false
    default: throw invalid(source, value, "true or false")
    }
  }

  private static func number(
    _ value: String, _ source: String, _ range: ClosedRange<Int>
  ) throws(ModelLoadError) -> Int {
    guard let number = Int(value), range.contains(number) else {
      throw invalid(source, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func invalid(_ source: String, _ value: String, _ expected: String) -> ModelLoadError {
    ModelLoadError(.unknownFramework, "The setting \(source) is '\(value)'; expected \(expected).")
  }

  /// The interpreter's file.
  func interpreter(
    environment: (String) -> String? = { ProcessEnvironment.variable($0) }
  ) throws(ModelLoadError) -> String {
    if let executable {
      // A virtual environment may be named instead of its interpreter.
      let candidates = [executable, "\(executable)/bin/python3"]
      if let found = candidates.first(where: Self.isProgram) { return found }
      throw ModelLoadError(
        .unknownFramework,
        "There is no Python interpreter at \(executable), which python.executable or "
          + "APUS_PYTHON_EXECUTABLE names.")
    }
    var folders = (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(
      String.init)
    if let virtualEnvironment = environment("VIRTUAL_ENV") {
      folders.insert("\(virtualEnvironment)/bin", at: 0)
    }
    for folder in folders where Self.isProgram("\(folder)/python3") { return "\(folder)/python3" }
    throw ModelLoadError(
      .unknownFramework,
      "This model needs Python, but there is no python3 in PATH; install one and name it with "
        + "APUS_PYTHON_EXECUTABLE.")
  }

  private static func isProgram(_ path: String) -> Bool {
    (try? Files.status(path).kind) == .regular && Files.isExecutable(path)
  }
}

/// What a worker loads; the raw value is what it is told.
enum PythonModelKind: String, Sendable, Hashable, CaseIterable {
  case sklearn, pytorch, mlflow, kserve

  /// By the look of a path; nil for what no worker can load.
  init?(path: String) {
    if Files.exists("\(path)/MLmodel") {
      self = .mlflow
    } else if [".pt", ".pth", ".pt2"].contains(where: { path.hasSuffix($0) }) {
      self = .pytorch
    } else if [".joblib", ".pkl", ".pickle"].contains(where: { path.hasSuffix($0) }) {
      self = .sklearn
    } else if path.hasSuffix(".py") {
      self = .kserve
    } else {
      return nil
    }
  }
}
