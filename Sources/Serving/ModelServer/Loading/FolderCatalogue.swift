internal import Linux
public import ModelRuntime

/// Models in folders: one folder, or one for each of many, with their versions in sub-folders where there are
/// such.
public struct FolderCatalogue: ModelCatalogue {
  /// How the folder that was given holds models.
  public enum Layout: Sendable, Hashable {
    /// The folder (or file) is the model of this name, or holds its versions.
    case single(name: String)
    /// Each sub-folder is a model of its own name.
    case repository
  }

  public let layout: Layout
  private let root: String
  private let loader: ModelLoader
  private let defaults: ModelSettings

  public init(root: String, layout: Layout, loader: ModelLoader, defaults: ModelSettings = ModelSettings()) {
    self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    self.layout = layout
    self.loader = loader
    self.defaults = defaults
  }

  /// What a folder looks like: models in sub-folders make it a repository where none lies at its top.
  public static func layout(of path: String, name: String, loader: ModelLoader) -> Layout {
    let single = Layout.single(name: name)
    guard loader.knowsFramework, !path.isEmpty, (try? Files.status(path).kind) == .directory,
      !loader.holdsModel(path)
    else { return single }
    let folders = ModelFolder.subfolders(path)
    if !folders.isEmpty, folders.allSatisfy({ ModelFolder.version($0) != nil }) { return single }
    let isRepository = folders.contains { folder in
      let model = "\(path)/\(folder)"
      return loader.holdsModel(model)
        || ModelFolder.versions(model).contains { loader.holdsModel("\(model)/\($0)") }
    }
    return isRepository ? .repository : single
  }

  public func names() throws(ModelLoadError) -> [String] {
    switch layout {
    case .single(let name): return [name]
    case .repository:
      guard (try? Files.status(root).kind) == .directory else {
        throw ModelLoadError(.modelMissing, "the model repository \(root) is no folder that exists")
      }
      return ModelFolder.subfolders(root).filter { ModelFolder.problem(ofName: $0) == nil }
    }
  }

  public func sources(of name: String) throws(ModelLoadError) -> [ModelSource] {
    switch layout {
    case .single(let only): return name == only ? sources(name, root) : []
    case .repository:
      guard ModelFolder.problem(ofName: name) == nil, !name.hasPrefix("."),
        (try? Files.status("\(root)/\(name)").kind) == .directory
      else { return [] }
      return sources(name, "\(root)/\(name)")
    }
  }

  private func sources(_ name: String, _ folder: String) -> [ModelSource] {
    let versions = root.isEmpty || loader.holdsModel(folder) ? [] : ModelFolder.versions(folder)
    if versions.isEmpty { return [ModelSource(name: name, path: folder, settings: defaults)] }
    return versions.map {
      ModelSource(name: name, version: $0, path: "\(folder)/\($0)", settings: defaults)
    }
  }

  public func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel {
    let model = try loader.load(source.path, settings: source.settings)
    for folder in settingsFolders(source) { try WarmUp.run(model, name: source.name, folder: folder) }
    return model
  }

  public func settings(of source: ModelSource) throws(ModelLoadError) -> ModelSettings {
    var settings = defaults
    for folder in settingsFolders(source) {
      settings = try ModelSettingsFile.read(folder, defaults: settings)
    }
    return settings
  }

  /// The model's folder, then that of the version.
  private func settingsFolders(_ source: ModelSource) -> [String] {
    guard (try? Files.status(source.path).kind) == .directory else { return [] }
    guard source.version != nil, let slash = source.path.lastIndex(of: "/") else { return [source.path] }
    return [String(source.path[..<slash]), source.path]
  }

  public func sizeGuess(_ source: ModelSource) -> Int {
    guard let status = try? Files.status(source.path) else { return 0 }
    if status.kind == .regular { return Int(clamping: status.size) }
    var bytes = 0
    for name in (try? Files.list(source.path)) ?? [] {
      guard let status = try? Files.status("\(source.path)/\(name)"), status.kind == .regular else {
        continue
      }
      bytes = bytes.addingReportingOverflow(Int(clamping: status.size)).partialValue
    }
    return max(0, bytes)
  }
}
