public import Basics
internal import Linux
public import ModelRuntime

/// Serves PMML 3 and 4 documents: trees, regressions, composites of them, scorecards, neural networks,
/// clusters, with their transformations.
public struct PMMLRuntime: ModelRuntime {
  private static let maximumFileBytes = 1 << 30

  public init() {}

  public var name: String { "pmml" }
  public var frameworks: [String] { ["pmml"] }
  public func fileExtensions(of framework: String) -> [String] { [".pmml"] }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    if path.hasSuffix(".pmml") { return true }
    let head = String(decoding: firstBytes.prefix(1024), as: UTF8.self)
    return head.contains("<PMML")
  }

  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    let bytes: Bytes
    do {
      let size = try Files.status(path).size
      guard size <= Self.maximumFileBytes else {
        throw ModelLoadError(
          .tooLarge, "The model file \(path) is larger than \(Self.maximumFileBytes >> 30) GiB.")
      }
      bytes = try Files.read(path, limit: Self.maximumFileBytes)
    } catch let error as ModelLoadError {
      throw error
    } catch {
      throw ModelLoadError(.unreadable, "The model file \(path) cannot be read: \(error).")
    }
    return try load(bytes: bytes, path: path)
  }

  /// Builds the model from a document's bytes; `path` is what errors name.
  public func load(bytes: Bytes, path: String) throws(ModelLoadError) -> any LoadedModel {
    do {
      return PMMLModel(try PMMLProgram.read(bytes), fileBytes: bytes.count)
    } catch {
      switch error.kind {
      case .corrupt:
        throw ModelLoadError(
          .corrupt,
          "The model file \(path) is no PMML document that can be read: \(error.reason); export it anew.")
      case .unsupported:
        throw ModelLoadError(
          .unsupportedEstimator,
          "The model file \(path) cannot be served: \(error.reason). Kinds of models served here: "
            + ModelReader.modelNames.sorted().joined(separator: ", ") + ".")
      }
    }
  }
}
