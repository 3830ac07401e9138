internal import InferenceProtocol
internal import Linux
public import ModelRuntime

/// Serves ONNX models with ONNX Runtime, whose shared library is opened when the first model is loaded.
public struct ONNXRuntime: ModelRuntime {
  public init() {}

  public var name: String { "onnx" }
  public var frameworks: [String] { ["onnx"] }
  public func fileExtensions(of framework: String) -> [String] { [".onnx"] }

  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    let settings = try ONNXSettings(options: options)
    let bytes = try size(of: path)
    let library = try LibraryLocator.fromEnvironment(library: settings.library).open()
    let session = try ONNXSession(library: library, path: path, settings: settings)
    return ONNXModel(session, aliases: GraphAliases(path: path), settings: settings, fileBytes: bytes)
  }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    if path.hasSuffix(".onnx") { return true }
    // ModelProto: ir_version (field 1), then the producer, the graph or the operator sets.
    return firstBytes.count >= 3 && firstBytes[0] == 0x08 && (3...30).contains(firstBytes[1])
      && [0x12, 0x1a, 0x3a, 0x42].contains(firstBytes[2])
  }

  private func size(of path: String) throws(ModelLoadError) -> Int {
    do {
      let status = try Files.status(path)
      guard status.kind == .regular else {
        throw ModelLoadError(.modelMissing, "\(path) is no file; an ONNX model is one .onnx file.")
      }
      guard status.size > 0 else {
        throw ModelLoadError(.corrupt, "The model file \(path) is empty; copy or export it again.")
      }
      return Int(clamping: status.size)
    } catch let error as LinuxError {
      if error.isNotFound {
        throw ModelLoadError(.modelMissing, "There is no model file at \(path); check the storage URI.")
      }
      throw ModelLoadError(
        .unreadable, "The model file \(path) cannot be read: \(error); check its permissions.")
    } catch let error as ModelLoadError {
      throw error
    } catch {
      throw ModelLoadError(.unreadable, "The model file \(path) cannot be read.")
    }
  }
}
