internal import InferenceProtocol
internal import Linux
public import ModelRuntime
internal import Telemetry

/// Serves what only Python can run, in worker processes: PyTorch programs, MLflow folders, user-written
/// `kserve.Model` classes, estimators without a native predictor. Their files are code, so it loads nothing
/// unless `python.allow` says so.
public struct PythonRuntime: ModelRuntime {
  public init() {}

  public var name: String { "python" }
  public var frameworks: [String] { ["pytorch", "mlflow", "python"] }

  public func fileExtensions(of framework: String) -> [String] {
    framework == "pytorch" ? [".pt", ".pth", ".pt2"] : []
  }

  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    let settings = try PythonSettings(options: options)
    guard settings.isAllowed else {
      throw ModelLoadError(
        .unsafeContent,
        "The model \(path) can only be served by running code out of its files in Python; allow that with "
          + "--allow_python true (or the setting python.allow) if you trust it. Nothing was run.")
    }
    let file = try program(path)
    guard let kind = settings.kind ?? PythonModelKind(path: file) else {
      throw ModelLoadError(
        .unknownFramework,
        "What \(file) is cannot be told from its name; say it with the setting python.kind (sklearn, "
          + "pytorch, mlflow or kserve).")
    }
    let setup = WorkerSetup(
      kind: kind, path: file, name: settings.modelName ?? Self.stem(of: file), className: settings.className,
      predictsProbabilities: options.predictsProbabilities, threads: options.threads,
      memoryLimit: settings.memoryLimit, interpreter: try settings.interpreter())
    Logger("python", minimumLevel: Logger.serverLevel).warning(
      "running code out of a model's files in Python workers",
      ["model": file, "kind": kind.rawValue, "workers": "\(settings.workers)"])
    let workers: PythonWorkers
    do {
      ProcessSignals.ignoreBrokenPipes()
      workers = try PythonWorkers(setup, settings: settings)
    } catch {
      throw ModelLoadError(.unreadable, "Python workers cannot be started: \(error)")
    }
    return PythonModel(workers, try workers.start())
  }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    switch PythonModelKind(path: path) {
    case .mlflow, .pytorch: true
    case .sklearn, .kserve, nil: false
    }
  }

  /// Workers get absolute paths; of a folder that is no MLflow model its program counts.
  private func program(_ path: String) throws(ModelLoadError) -> String {
    let full: String
    do {
      full = try Files.canonicalPath(path)
      guard try Files.status(full).kind == .directory, PythonModelKind(path: full) == nil else { return full }
    } catch {
      throw ModelLoadError(
        error.isNotFound ? .modelMissing : .unreadable, "The model \(path) cannot be read: \(error)")
    }
    let names = ((try? Files.list(full)) ?? []).filter { $0.hasSuffix(".py") && !$0.hasPrefix("__") }
    if let name = names.first(where: { $0 == "model.py" }) ?? (names.count == 1 ? names.first : nil) {
      return "\(full)/\(name)"
    }
    let found = names.isEmpty ? "none" : names.joined(separator: ", ")
    throw ModelLoadError(
      names.isEmpty ? .modelMissing : .severalModels,
      "The folder \(path) holds neither an MLmodel file nor one program: a kserve.Model is looked for in "
        + "model.py, or in the only .py file (found: \(found))."
    )
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? "model"
    return name.split(separator: ".").first.map(String.init) ?? name
  }
}
