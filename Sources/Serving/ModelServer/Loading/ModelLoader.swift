internal import Linux
public import ModelRuntime

/// Finds the one model file of a folder and has the right runtime load it. Blocks.
public struct ModelLoader: Sendable {
  private let runtimes: [any ModelRuntime]
  private let framework: String?
  private let options: LoadOptions

  /// Bytes that runtimes look at to recognize a file.
  private static let recognitionBytes = 4096
  /// Files of one folder that are looked at.
  private static let fileLimit = 10_000

  /// - Parameter framework: nil to look at the content of the files.
  public init(runtimes: [any ModelRuntime], framework: String?, options: LoadOptions = LoadOptions()) {
    self.runtimes = runtimes
    self.framework = framework?.lowercased()
    self.options = options
  }

  /// - Parameters:
  ///   - path: a folder, of which only the regular files at its top level count, or a file.
  ///   - settings: of this model; its framework and runtime settings go before the loader's own.
  public func load(
    _ path: String, settings: ModelSettings = ModelSettings()
  ) throws(ModelLoadError) -> any LoadedModel {
    guard !path.isEmpty else {
      throw ModelLoadError(.modelMissing, "no model folder was given: say --model_dir FOLDER")
    }
    var options = options
    for (name, value) in settings.runtime { options.settings[name] = value }
    if let threads = settings.runtime["threads"].flatMap(Int.init), (1...4096).contains(threads) {
      options.threads = threads
    }
    guard let framework = settings.framework?.lowercased() ?? framework else {
      return try loadByContent(path, options)
    }
    let able = runtimes.filter { $0.frameworks.contains(framework) }
    guard let first = able.first else {
      throw ModelLoadError(
        .unknownFramework,
        "this server has no runtime for the framework '\(framework)'; it serves \(frameworkList)")
    }
    let endings = Self.endings(able, framework)
    if endings.isEmpty { return try first.load(path: path, options: options) }
    let found = try candidates(path, endings)
    if found.isEmpty, let other = try foreignModel(path, able) {
      throw Self.wrongFormat(framework, other.file, other.framework)
    }
    let file = try onlyOne(found, in: path) {
      "no model file in \(path): \(framework) needs one file that ends in \(Self.listed(endings))\($0)"
    }
    do throws(ModelLoadError) {
      return try chosen(able, for: file, framework).load(path: file, options: options)
    } catch {
      if error.code == .corrupt, let other = try foreignModel(file, able) {
        throw Self.wrongFormat(framework, other.file, other.framework)
      }
      throw error
    }
  }

  /// The first file that a runtime of another framework knows by its content.
  private func foreignModel(
    _ path: String, _ able: [any ModelRuntime]
  ) throws(ModelLoadError) -> (file: String, framework: String)? {
    let others = runtimes.filter { other in !able.contains { $0.name == other.name } }
    for file in try candidates(path, nil) {
      let bytes = try Self.firstBytes(of: file)
      guard !able.contains(where: { $0.recognizes(path: file, firstBytes: bytes) }),
        let other = others.first(where: { $0.recognizes(path: file, firstBytes: bytes) })
      else { continue }
      // A runtime of several frameworks knows them by their endings.
      let framework = other.frameworks.first { name in
        other.fileExtensions(of: name).contains { file.hasSuffix($0) }
      }
      return (file, framework ?? other.frameworks.first ?? other.name)
    }
    return nil
  }

  private static func wrongFormat(_ wanted: String, _ file: String, _ found: String) -> ModelLoadError {
    ModelLoadError(
      .wrongFormat,
      "the file \(file) is a model of the format \(found), not \(wanted); set the model's format to \(found)",
      value: wanted)
  }

  /// Whether a folder holds a model at its top, as far as names and first bytes tell.
  func holdsModel(_ folder: String) -> Bool {
    guard let framework else {
      let files = (try? candidates(folder, nil)) ?? []
      if runtimes.contains(where: { $0.recognizes(path: folder, firstBytes: []) }) { return true }
      return files.contains { file in
        guard let bytes = try? Self.firstBytes(of: file) else { return false }
        return runtimes.contains { $0.recognizes(path: file, firstBytes: bytes) }
      }
    }
    let endings = Self.endings(runtimes.filter { $0.frameworks.contains(framework) }, framework)
    // Where the folder as a whole is the model, files tell nothing: it is one unless it is empty.
    let found = (try? candidates(folder, endings.isEmpty ? nil : endings)) ?? []
    return !found.isEmpty
  }

  /// Whether any runtime loads the framework that was asked for.
  var knowsFramework: Bool {
    guard let framework else { return !runtimes.isEmpty }
    return runtimes.contains { $0.frameworks.contains(framework) }
  }

  private static func endings(_ runtimes: [any ModelRuntime], _ framework: String) -> [String] {
    var endings: [String] = []
    for runtime in runtimes {
      for ending in runtime.fileExtensions(of: framework) where !endings.contains(ending) {
        endings.append(ending)
      }
    }
    return endings
  }

  /// Of the runtimes that know the framework the one that knows the file, else the first.
  private func chosen(
    _ able: [any ModelRuntime], for file: String, _ framework: String
  ) throws(ModelLoadError) -> any ModelRuntime {
    let fitting = able.filter { runtime in
      runtime.fileExtensions(of: framework).contains { file.hasSuffix($0) }
    }
    guard fitting.count > 1 else { return fitting.first ?? able[0] }
    let bytes = try Self.firstBytes(of: file)
    return fitting.first { $0.recognizes(path: file, firstBytes: bytes) } ?? fitting[0]
  }

  private func loadByContent(
    _ path: String, _ options: LoadOptions
  ) throws(ModelLoadError) -> any LoadedModel {
    var found: [(file: String, runtime: any ModelRuntime)] = []
    for file in try candidates(path, nil) {
      let bytes = try Self.firstBytes(of: file)
      if let runtime = runtimes.first(where: { $0.recognizes(path: file, firstBytes: bytes) }) {
        found.append((file, runtime))
      }
    }
    let isFile = (try? Files.status(path).kind) == .regular
    if found.isEmpty, isFile {
      throw ModelLoadError(
        .modelMissing, "the file \(path) is no model that this server knows (it serves \(frameworkList))")
    }
    if found.isEmpty, let runtime = runtimes.first(where: { $0.recognizes(path: path, firstBytes: []) }) {
      return try runtime.load(path: path, options: options)
    }
    let file = try onlyOne(found.map(\.file), in: path) {
      "no file in \(path) is a model that this server knows (it serves \(frameworkList))\($0)"
    }
    guard let runtime = found.first(where: { $0.file == file })?.runtime else {
      throw ModelLoadError(.modelMissing, "\(file) is gone")
    }
    return try runtime.load(path: file, options: options)
  }

  private func onlyOne(
    _ files: [String], in folder: String, missing: (_ present: String) -> String
  ) throws(ModelLoadError) -> String {
    if files.count > 1 {
      let list = files.map { "'\($0)'" }.joined(separator: ", ")
      throw ModelLoadError(
        .severalModels,
        "More than one model file is detected, Only one is allowed within model_dir: [\(list)]")
    }
    guard let file = files.first else {
      let names = ((try? Files.list(folder)) ?? []).prefix(10).joined(separator: ", ")
      throw ModelLoadError(
        .modelMissing, missing(names.isEmpty ? "; the folder is empty" : "; found only: \(names)"))
    }
    return file
  }

  /// Regular files and links to such, sorted by name.
  private func candidates(_ path: String, _ extensions: [String]?) throws(ModelLoadError) -> [String] {
    let status: FileStatus
    let names: [String]
    do {
      status = try Files.status(path)
      if status.kind == .regular { return [path] }
      names = status.kind == .directory ? try Files.list(path) : []
    } catch {
      if error.isNotFound {
        throw ModelLoadError(.modelMissing, "the model folder \(path) does not exist")
      }
      throw ModelLoadError(.unreadable, "cannot read the model folder \(path): \(error.reason)")
    }
    if status.kind != .directory { throw Self.neitherFolderNorFile(path, status) }
    let base = path.hasSuffix("/") ? String(path.dropLast()) : path
    return names.prefix(Self.fileLimit)
      .filter { name in
        !ModelFolder.companions.contains(name) && extensions?.contains { name.hasSuffix($0) } ?? true
      }
      .map { "\(base)/\($0)" }
      .filter { (try? Files.status($0).kind) == .regular }
  }

  private static func neitherFolderNorFile(_ path: String, _ status: FileStatus) -> ModelLoadError {
    let kind =
      switch status.mode & 0o170_000 {
      case 0o010_000: "a FIFO"
      case 0o140_000: "a socket"
      case 0o020_000, 0o060_000: "a device"
      default: "no folder and no file"
      }
    return ModelLoadError(
      .modelMissing,
      "\(path) is \(kind), which holds no model: give a folder that holds the model, or the model's file, "
        + "with --model_dir")
  }

  private static func firstBytes(of file: String) throws(ModelLoadError) -> [UInt8] {
    do {
      let descriptor = try Files.open(file, .read)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: recognitionBytes, alignment: 16)
      defer { buffer.deallocate() }
      let count = try descriptor.read(into: buffer)
      return Array(buffer[..<count])
    } catch {
      throw ModelLoadError(.unreadable, "cannot read \(file): \(error.reason)")
    }
  }

  private var frameworkList: String {
    var names: [String] = []
    for name in runtimes.flatMap(\.frameworks) where !names.contains(name) { names.append(name) }
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  private static func listed(_ extensions: [String]) -> String {
    guard let last = extensions.last, extensions.count > 1 else { return extensions.first ?? "" }
    return extensions.dropLast().joined(separator: ", ") + " or " + last
  }
}
