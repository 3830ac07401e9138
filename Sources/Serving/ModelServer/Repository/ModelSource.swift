public import ModelRuntime

/// Where one version of a model comes from.
public struct ModelSource: Sendable, Hashable {
  public var name: String
  /// The name of the version's folder; nil for a model without versions.
  public var version: String?
  /// The model's file or folder.
  public var path: String
  public var settings: ModelSettings

  public init(name: String, version: String? = nil, path: String, settings: ModelSettings = ModelSettings()) {
    self.name = name
    self.version = version
    self.path = path
    self.settings = settings
  }
}

/// What a repository can load: its models by name, and how one is loaded. All calls block.
public protocol ModelCatalogue: Sendable {
  /// Every name that can be loaded, sorted.
  func names() throws(ModelLoadError) -> [String]
  /// The versions of a model, newest first; empty where there is no such model.
  func sources(of name: String) throws(ModelLoadError) -> [ModelSource]
  /// How one version is served: the source's settings, changed by its own files.
  func settings(of source: ModelSource) throws(ModelLoadError) -> ModelSettings
  /// Loads one version and warms it up.
  func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel
  /// About how many bytes the version will take, before it is loaded; 0 where nothing can be said.
  func sizeGuess(_ source: ModelSource) -> Int
}

extension ModelCatalogue {
  public func settings(of source: ModelSource) throws(ModelLoadError) -> ModelSettings { source.settings }
  public func sizeGuess(_ source: ModelSource) -> Int { 0 }
}

/// Models that a closure loads, one version each: whatever name is asked for.
struct ClosureCatalogue: ModelCatalogue {
  let settings: ModelSettings
  let body: ModelRepository.Load

  func names() throws(ModelLoadError) -> [String] { [] }
  func sources(of name: String) throws(ModelLoadError) -> [ModelSource] {
    [ModelSource(name: name, path: "", settings: settings)]
  }
  func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel { try body(source.name) }
}
