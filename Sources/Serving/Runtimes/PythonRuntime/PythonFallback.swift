public import ModelRuntime

/// A native runtime that hands estimators it does not know to a Python worker, where that was allowed.
public struct PythonFallback: ModelRuntime {
  private let native: any ModelRuntime
  private let python = PythonRuntime()

  public init(_ native: any ModelRuntime) { self.native = native }

  public var name: String { native.name }
  public var frameworks: [String] { native.frameworks }
  public func fileExtensions(of framework: String) -> [String] { native.fileExtensions(of: framework) }

  public func recognizes(path: String, firstBytes: [UInt8]) -> Bool {
    native.recognizes(path: path, firstBytes: firstBytes)
  }

  public func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    do {
      return try native.load(path: path, options: options)
    } catch {
      switch error.code {
      case .unsupportedEstimator, .unsafeContent, .unsupportedVersion: break
      default: throw error
      }
      guard try PythonSettings(options: options).isAllowed else {
        throw ModelLoadError(
          error.code,
          error.message + " If you trust the file, --allow_python true has a Python worker run it.",
          value: error.value)
      }
      var options = options
      options.settings["python.kind"] = PythonModelKind.sklearn.rawValue
      return try python.load(path: path, options: options)
    }
  }
}
