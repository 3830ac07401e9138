public import Basics
internal import Linux
public import ModelRuntime

/// Serves scikit-learn estimators from their joblib and pickle files, which it reads as data: nothing in them
/// is run.
public struct ClassicRuntime: ModelRuntime {
  /// Larger files are refused before they are read.
  private static let maximumFileBytes = 4 << 30

  public init() {}

  public var name: String { "classic" }
  public var frameworks: [String] { ["sklearn"] }
  public func fileExtensions(of framework: String) -> [String] { [".joblib", ".pkl", ".pickle"] }

  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    try load(bytes: try read(path), path: path, options: options)
  }

  /// Builds the model from a file's bytes; `path` is what errors name.
  public func load(
    bytes: Bytes, path: String, options: LoadOptions
  ) throws(ModelLoadError) -> any LoadedModel {
    ClassicModel(try estimator(bytes, path: path), options: options)
  }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    if [".joblib", ".pkl", ".pickle"].contains(where: { path.hasSuffix($0) }) { return true }
    guard JoblibContainer.compression(firstBytes) == .plain else { return true }
    return firstBytes.count >= 2 && firstBytes[0] == PickleOpcode.proto.rawValue
      && (2...5).contains(firstBytes[1])
  }

  private func read(_ path: String) throws(ModelLoadError) -> Bytes {
    let limit = ClassicRuntime.maximumFileBytes
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

  /// Container → value graph → estimator; every reader's error becomes one sentence here.
  private func estimator(_ file: Bytes, path: String) throws(ModelLoadError) -> BoundEstimator {
    let stream: Bytes
    do {
      stream = try JoblibContainer.open(file)
    } catch {
      throw ModelLoadError(error, path: path)
    }
    let graph: PickleGraph
    do {
      let budget = ReadBudget(fileBytes: file.count, streamBytes: stream.count)
      graph = try PickleMachine.read(stream, budget: budget)
    } catch {
      throw ModelLoadError(error, path: path)
    }
    do {
      return try EstimatorBinder.bind(graph)
    } catch {
      throw ModelLoadError(error, path: path)
    }
  }
}
