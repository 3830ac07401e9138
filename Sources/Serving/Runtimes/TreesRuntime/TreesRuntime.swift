public import Basics
internal import Linux
public import ModelRuntime

/// Serves XGBoost and LightGBM boosters from their own files, without either library.
public struct TreesRuntime: ModelRuntime {
  /// Larger files are refused before they are read.
  private static let maximumFileBytes = 8 << 30

  public init() {}

  public var name: String { "trees" }
  public var frameworks: [String] { ["xgboost", "lightgbm"] }

  public func fileExtensions(of framework: String) -> [String] {
    framework == "lightgbm" ? [".bst"] : [".bst", ".json", ".ubj"]
  }

  /// The file's content decides how it is read, not its name and not the framework: a `.bst` may be any of
  /// them.
  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    try load(bytes: try read(path), path: path, options: options)
  }

  /// Builds the model from a file's bytes; `path` is what errors name.
  public func load(
    bytes: Bytes, path: String, options: LoadOptions
  ) throws(ModelLoadError) -> any LoadedModel {
    let form = BoosterForm(bytes.prefix(4096))
    do throws(ModelFileError) {
      switch form {
      case .lightGBM: return try LightGBMModel(try LightGBMTextReader.read(bytes))
      case .xgboostJSON:
        return try bytes.withUnsafeBufferPointer { (buffer) throws(ModelFileError) in
          try Self.xgboost(XGBoostFile(try ModelJSONReader.read(buffer)), options)
        }
      case .xgboostUBJSON:
        return try bytes.withUnsafeBufferPointer { (buffer) throws(ModelFileError) in
          try Self.xgboost(XGBoostFile(try UBJSONReader.read(buffer)), options)
        }
      case .base64:
        throw .unsupported(
          "it is in XGBoost's old base64 form (bs64), which no version since 0.72 reads; load it with the "
            + "version that wrote it and call save_model")
      case .xgboostBinary, .unknown:
        return try Self.xgboost(try XGBoostBinaryReader.read(bytes), options)
      }
    } catch {
      throw error.loadError(path: path, library: form == .lightGBM ? "LightGBM" : "XGBoost")
    }
  }

  /// With the setting `interface: sklearn` a booster answers as XGBoost's scikit-learn classes do, which stop
  /// at the best iteration.
  private static func xgboost(
    _ file: XGBoostFile, _ options: LoadOptions
  ) throws(ModelFileError) -> any LoadedModel {
    let isWrapped = options.settings["interface"] == "sklearn"
    let model = try XGBoostModel(
      file, usesBestIteration: isWrapped || options.settings["best_iteration"] == "true")
    if isWrapped, let classifier = XGBoostClassifier(model, file) { return classifier }
    return model
  }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    BoosterForm(firstBytes[...]) != .unknown
  }

  private func read(_ path: String) throws(ModelLoadError) -> Bytes {
    let limit = TreesRuntime.maximumFileBytes
    do {
      if try Files.status(path).size <= limit { return try Files.read(path, limit: limit) }
    } catch {
      if error.isNotFound {
        throw ModelLoadError(.modelMissing, "There is no model file at \(path); check the storage URI.")
      }
      throw ModelLoadError(
        .unreadable, "The model file \(path) cannot be read: \(error); check its permissions.")
    }
    throw ModelLoadError(.tooLarge, "The model file \(path) is larger than \(limit >> 30) GiB.")
  }
}
