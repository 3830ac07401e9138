internal import Formats
public import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// The settings of one model: a `model-settings.json`, or the `MLSERVER_MODEL_*` variables where a folder has
/// no such file.
public struct MLServerModelSettings: Sendable, Hashable {
  public var name: String
  public var implementation: Implementation
  /// The model's file or folder.
  public var path: String
  public var version: String?
  public var platform = ""
  /// What the model says of the libraries it was made with.
  public var versions: [String] = []
  public var inputs: [Metadata] = []
  public var outputs: [Metadata] = []
  /// The content type of requests that state none.
  public var contentType: String?
  /// `parameters.extra.predict_fn`: what requests that ask for no output get.
  public var predictFunction: String?
  /// Rows that are computed together; 0 or 1 for one request at a time.
  public var maximumBatchRows = 0
  public var maximumBatchDelay: Duration = .zero
  public var cachesResponses = true

  /// The runtimes of MLServer that can be served here.
  public enum Implementation: String, Sendable, CaseIterable {
    case sklearn = "mlserver_sklearn.SKLearnModel"
    case xgboost = "mlserver_xgboost.XGBoostModel"
    case lightgbm = "mlserver_lightgbm.LightGBMModel"
    case mlflow = "mlserver_mlflow.MLflowRuntime"

    public var framework: String {
      switch self {
      case .sklearn: "sklearn"
      case .xgboost: "xgboost"
      case .lightgbm: "lightgbm"
      case .mlflow: "mlflow"
      }
    }

    /// The names that are looked for in a folder, in this order.
    var wellKnownFiles: [String] {
      switch self {
      case .sklearn: ["model.joblib", "model.pickle", "model.pkl"]
      case .xgboost: ["model.bst", "model.json", "model.ubj"]
      case .lightgbm: ["model.bst"]
      case .mlflow: []
      }
    }
  }

  /// A tensor as the settings describe it.
  public struct Metadata: Sendable, Hashable {
    public var name: String
    public var datatype: DataType
    public var shape: [Int]
    public var contentType: String?
  }

  static let fileName = "model-settings.json"

  /// - Parameter path: of a `model-settings.json`.
  static func read(
    file path: String, environment: @escaping MLServerSettings.Environment
  ) throws(ModelLoadError) -> MLServerModelSettings {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let source = try MLServerSource(path: path, prefix: "MLSERVER_MODEL_", environment: environment)
    let folderName = folder.split(separator: "/").last.map(String.init) ?? folder
    return try read(source, folder: folder, name: folderName, place: path, environment)
  }

  /// From the variables alone.
  /// - Returns: nil where they name no implementation, and where models are to come later and none is named.
  static func read(
    environment: @escaping MLServerSettings.Environment
  ) throws(ModelLoadError) -> MLServerModelSettings? {
    guard environment("MLSERVER_MODEL_IMPLEMENTATION") != nil else { return nil }
    if waitsForModels(environment) { return nil }
    let source = try MLServerSource(path: nil, prefix: "MLSERVER_MODEL_", environment: environment)
    return try read(source, folder: nil, name: "", place: "the environment", environment)
  }

  /// Of a folder without such a file, where models come later: it is named by the folder, and the variables
  /// say what all of them are.
  /// - Returns: nil where they do not.
  static func read(
    folder: String, environment: @escaping MLServerSettings.Environment
  ) throws(ModelLoadError) -> MLServerModelSettings? {
    guard environment("MLSERVER_MODEL_IMPLEMENTATION") != nil, waitsForModels(environment) else { return nil }
    let source = try MLServerSource(path: nil, prefix: "MLSERVER_MODEL_", environment: environment)
    let name = folder.split(separator: "/").last.map(String.init) ?? folder
    var settings = try read(source, folder: folder, name: name, place: "the environment", environment)
    settings.name = name
    return settings
  }

  /// Whether models are to come later, and none is named.
  private static func waitsForModels(_ environment: MLServerSettings.Environment) -> Bool {
    environment("MLSERVER_LOAD_MODELS_AT_STARTUP")?.lowercased() == "false"
      && environment("MLSERVER_MODEL_URI") == nil
  }

  private static func read(
    _ source: MLServerSource, folder: String?, name folderName: String, place: String,
    _ environment: @escaping MLServerSettings.Environment
  ) throws(ModelLoadError) -> MLServerModelSettings {
    let parameters = MLServerSource(
      try source.object("parameters") ?? JSONObject(), place: "'parameters' in \(place)",
      prefix: "MLSERVER_MODEL_", environment: environment)
    let stated = try source.text("name") ?? ""
    let name = stated.isEmpty ? folderName : stated
    let kind = try source.text("implementation") ?? ""
    guard let implementation = Implementation(rawValue: kind) else {
      let known = Implementation.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelLoadError(
        .unknownFramework,
        "\(place) asks for the implementation '\(kind)', which is not served here; served are \(known)")
    }
    guard let path = try Self.path(parameters, folder) else {
      throw ModelLoadError(.modelMissing, "Invalid URI specified for model \(name)")
    }
    var settings = MLServerModelSettings(name: name, implementation: implementation, path: path)
    settings.version = try parameters.text("version")
    settings.platform = try source.text("platform") ?? ""
    settings.versions = try source.texts("versions") ?? []
    settings.inputs = try metadata(source, "inputs")
    settings.outputs = try metadata(source, "outputs")
    settings.contentType = try parameters.text("content_type")
    settings.predictFunction = try parameters.object("extra")?["predict_fn"]?.string
    settings.maximumBatchRows = try source.whole("max_batch_size", 0...1_000_000) ?? 0
    settings.maximumBatchDelay = .seconds(min(3600, max(0, try source.number("max_batch_time") ?? 0)))
    settings.cachesResponses = try source.boolean("cache_enabled") ?? true
    return settings
  }

  init(name: String, implementation: Implementation, path: String) {
    self.name = name
    self.implementation = implementation
    self.path = path
  }

  /// Relative to the settings file's folder; that folder where no URI is given.
  private static func path(
    _ parameters: MLServerSource, _ folder: String?
  ) throws(ModelLoadError) -> String? {
    guard var uri = try parameters.text("uri"), !uri.isEmpty else { return folder }
    if uri.hasPrefix("file://") { uri.removeFirst(7) }
    if uri.contains("://") {
      throw ModelLoadError(
        .modelMissing, "the model URI '\(uri)' is no local path: have the storage initializer fetch it first")
    }
    if uri.hasPrefix("/") { return uri }
    while uri.hasPrefix("./") { uri.removeFirst(2) }
    return folder.map { uri.isEmpty ? $0 : "\($0)/\(uri)" } ?? uri
  }

  private static func metadata(
    _ source: MLServerSource, _ name: String
  ) throws(ModelLoadError) -> [Metadata] {
    var list: [Metadata] = []
    for entry in try source.values(name) ?? [] {
      guard let tensor = entry["name"]?.string,
        let datatype = entry["datatype"]?.string.flatMap(DataType.init(rawValue:)),
        let shape = entry["shape"]?.array?.map({ $0.int.flatMap { Int(exactly: $0) } }), !shape.contains(nil)
      else {
        throw ModelLoadError(
          .corrupt, "each of '\(name)' in a model's settings needs 'name', 'datatype' and 'shape'")
      }
      list.append(
        Metadata(
          name: tensor, datatype: datatype, shape: shape.compactMap { $0 },
          contentType: entry.at("parameters", "content_type")?.string))
    }
    return list
  }

  /// The file that MLServer would open: a well-known name where the path is a folder that has one.
  var modelPath: String {
    guard (try? Files.status(path).kind) == .directory else { return path }
    for name in implementation.wellKnownFiles where (try? Files.status("\(path)/\(name)").kind) == .regular {
      return "\(path)/\(name)"
    }
    return path
  }
}
