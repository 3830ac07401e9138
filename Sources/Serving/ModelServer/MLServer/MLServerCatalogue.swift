internal import Linux
public import ModelRuntime
internal import Synchronization
internal import Telemetry

/// The models of an MLServer folder: one for each `model-settings.json` in it, or the one that the
/// environment describes. Where models come later, a folder without such a file is one too: TrainedModels
/// are mostly one file.
public final class MLServerCatalogue: ModelCatalogue {
  private let root: String?
  private let environment: MLServerSettings.Environment
  private let loadModel: Load
  /// The settings as they were read last, by name.
  private let known = Mutex<[String: [Known]]>([:])

  /// Loads a model's file for a framework; blocks.
  public typealias Load =
    @Sendable (_ path: String, _ framework: String) throws(ModelLoadError) -> any LoadedModel

  private struct Known {
    var settings: MLServerModelSettings
    /// Nil for the environment's models.
    var file: String?
    /// Its folder may get a file, or go.
    var isOfFolder = false
  }

  private static let depthLimit = 16
  private static let folderLimit = 100_000

  /// - Parameter root: what `mlserver start` was given; nil for none.
  public init(root: String?, environment: @escaping MLServerSettings.Environment, load: @escaping Load) {
    self.root = root
    self.environment = environment
    loadModel = load
  }

  public func names() throws(ModelLoadError) -> [String] { Set(try settings().map(\.name)).sorted() }

  public func sources(of name: String) throws(ModelLoadError) -> [ModelSource] {
    try current(name).map { model in
      var settings = ModelSettings()
      if model.maximumBatchRows > 1, model.maximumBatchDelay > .zero {
        settings.batching = BatchSettings(
          maximumRows: model.maximumBatchRows, maximumDelay: model.maximumBatchDelay, showsBatchID: false)
      }
      settings.cachesResponses = model.cachesResponses
      return ModelSource(name: name, version: model.version, path: model.modelPath, settings: settings)
    }
  }

  public func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel {
    guard let model = try current(source.name).first(where: { $0.version == source.version }) else {
      throw ModelLoadError(.modelMissing, "Model \(source.name) not found")
    }
    return MLServerModel(try loadModel(source.path, model.implementation.framework), model)
  }

  public func sizeGuess(_ source: ModelSource) -> Int {
    Int(clamping: (try? Files.status(source.path).size) ?? 0)
  }

  /// One model's settings, read again; the whole folder where it was not seen there before.
  private func current(_ name: String) throws(ModelLoadError) -> [MLServerModelSettings] {
    guard let places = known.withLock({ $0[name] }), !places.contains(where: \.isOfFolder) else {
      return try settings().filter { $0.name == name }
    }
    var all: [MLServerModelSettings] = []
    for place in places {
      guard let file = place.file else {
        all.append(place.settings)
        continue
      }
      guard Files.exists(file) else { continue }
      let settings = try MLServerModelSettings.read(file: file, environment: environment)
      if settings.name == name { all.append(settings) }
    }
    return all
  }

  /// Of all models, by the places of their files. A file that cannot be read takes its own model out only.
  func settings() throws(ModelLoadError) -> [MLServerModelSettings] {
    var all: [Known] = []
    var failure: ModelLoadError?
    let files = root.map(Self.files) ?? []
    for file in files {
      do throws(ModelLoadError) {
        all.append(
          Known(settings: try MLServerModelSettings.read(file: file, environment: environment), file: file))
      } catch {
        failure = failure ?? error
        Logger("server").warning("a model is left out", ["file": file, "cause": error.message])
      }
    }
    if let root {
      for name in (try? Files.list(root)) ?? [] where !name.hasPrefix(".") {
        let folder = "\(root)/\(name)"
        guard !files.contains(where: { $0.hasPrefix("\(folder)/") }),
          (try? Files.status(folder).kind) == .directory,
          let model = try MLServerModelSettings.read(folder: folder, environment: environment)
        else { continue }
        all.append(Known(settings: model, isOfFolder: true))
      }
    }
    if all.isEmpty, let failure { throw failure }
    if all.isEmpty, let model = try MLServerModelSettings.read(environment: environment) {
      all.append(Known(settings: model))
    }
    let byName = Dictionary(grouping: all, by: \.settings.name)
    known.withLock { $0 = byName }
    return all.map(\.settings)
  }

  /// Every `model-settings.json` in a folder and below it.
  private static func files(_ root: String) -> [String] {
    var found: [String] = []
    var pending: [(path: String, depth: Int)] = [(root, 0)]
    var seen = 0
    while let (folder, depth) = pending.popLast(), seen < folderLimit {
      seen += 1
      for name in (try? Files.list(folder)) ?? [] {
        let path = "\(folder)/\(name)"
        if name == MLServerModelSettings.fileName {
          found.append(path)
        } else if depth < depthLimit, !name.hasPrefix("."), (try? Files.status(path).kind) == .directory {
          pending.append((path, depth + 1))
        }
      }
    }
    return found.sorted()
  }
}
