internal import Linux
internal import ModelRuntime

/// Finds ONNX Runtime's shared library: where the setting says, else on the system's paths, else in the
/// Python wheel of a virtual environment or of the system. No Python is run.
struct LibraryLocator {
  /// `onnx.library` or `APUS_ONNXRUNTIME`: a file, a folder that holds it, or a virtual environment.
  var chosen: String?
  var virtualEnvironment: String?
  var homeDirectory: String
  /// Bare names for dlopen and folders to look into; other ones in tests.
  var systemNames = ["libonnxruntime.so.1", "libonnxruntime.so"]
  var systemFolders = [
    "/usr/local/lib", "/usr/local/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64", "/usr/lib", "/opt/onnxruntime/lib",
  ]
  var pythonRoots = ["/usr/local", "/usr"]

  static func fromEnvironment(library: String?) -> LibraryLocator {
    LibraryLocator(
      chosen: library ?? ProcessEnvironment.variable("APUS_ONNXRUNTIME"),
      virtualEnvironment: ProcessEnvironment.variable("VIRTUAL_ENV"),
      homeDirectory: ProcessEnvironment.homeDirectory)
  }

  /// Opens the first that works. A chosen one is the only candidate.
  func open() throws(ModelLoadError) -> ONNXLibrary {
    var problems: [String] = []
    if let chosen, !chosen.isEmpty {
      let files = Self.libraries(at: chosen)
      for file in files {
        do { return try ONNXLibrary.open(file) } catch { problems.append("\(file): \(error.reason)") }
      }
      throw ModelLoadError(
        .unknownFramework,
        files.isEmpty
          ? "There is no libonnxruntime.so at \(chosen), which APUS_ONNXRUNTIME or onnx.library names; "
            + Self.installation
          : "ONNX Runtime cannot be used: \(problems.joined(separator: "; "))")
    }
    for name in systemNames {
      if let library = try? ONNXLibrary.open(name) { return library }
    }
    for file in candidates() {
      do { return try ONNXLibrary.open(file) } catch { problems.append("\(file): \(error.reason)") }
    }
    throw ModelLoadError(
      .unknownFramework,
      problems.isEmpty
        ? "ONNX models need the library ONNX Runtime, which was not found; " + Self.installation
        : "ONNX Runtime was found but cannot be used: \(problems.joined(separator: "; "))")
  }

  static let installation =
    "install it with 'pip install onnxruntime' into a virtual environment (or unpack a release of "
    + "github.com/microsoft/onnxruntime) and give its folder with APUS_ONNXRUNTIME."

  private func candidates() -> [String] {
    var files = systemFolders.flatMap { Self.libraries(inFolder: $0) }
    if let virtualEnvironment { files += Self.libraries(at: virtualEnvironment) }
    for root in ["\(homeDirectory)/.local"] + pythonRoots { files += Self.wheelLibraries(under: root) }
    return files
  }

  /// What a path given by a person may mean.
  static func libraries(at path: String) -> [String] {
    guard let kind = try? Files.status(path).kind else { return [] }
    if kind == .regular { return [path] }
    return libraries(inFolder: path) + libraries(inFolder: "\(path)/lib")
      + libraries(inFolder: "\(path)/capi") + libraries(inFolder: "\(path)/onnxruntime/capi")
      + wheelLibraries(under: path)
  }

  /// `lib/python3.*/{site,dist}-packages/onnxruntime/capi` under a virtual environment or prefix.
  private static func wheelLibraries(under root: String) -> [String] {
    var files: [String] = []
    for lib in ["\(root)/lib", "\(root)/lib64"] {
      let pythons = ((try? Files.list(lib)) ?? []).filter { $0.hasPrefix("python3") }
      for python in pythons.reversed() {
        for packages in ["site-packages", "dist-packages"] {
          files += libraries(inFolder: "\(lib)/\(python)/\(packages)/onnxruntime/capi")
        }
      }
    }
    return files
  }

  /// `libonnxruntime.so` or its versions, the newest name first.
  private static func libraries(inFolder folder: String) -> [String] {
    ((try? Files.list(folder)) ?? [])
      .filter { $0 == "libonnxruntime.so" || $0.hasPrefix("libonnxruntime.so.1") }
      .sorted { $0.count == $1.count ? $0 > $1 : $0.count > $1.count }
      .map { "\(folder)/\($0)" }
  }
}
