internal import Linux
internal import ModelRuntime

/// What an MLServer container was told, read once at start.
struct MLServerSetup: Sendable {
  let settings: MLServerSettings
  let catalogue: MLServerCatalogue
  /// As the catalogue found them.
  let models: [MLServerModelSettings]

  /// Of a server that has one model and loads it at start: it lives and dies with it.
  var onlyModel: String? {
    let names = Set(models.map(\.name))
    return settings.loadsModelsAtStartup && names.count == 1 ? names.first : nil
  }
}

/// `--dialect mlserver`: the folder and the variables of an MLServer container.
extension ModelServerRole {
  private static let variable: MLServerSettings.Environment = { name in
    ProcessEnvironment.variable(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What `mlserver start` would be given: the flag, else what the container's image takes.
  private var mlserverRoot: String {
    if !flags.modelDirectory.isEmpty { return flags.modelDirectory }
    return Self.variable("MODELS_DIR") ?? Self.variable("MLSERVER_MODEL_REPOSITORY_ROOT") ?? "."
  }

  private func makeMLServerCatalogue() -> MLServerCatalogue {
    let runtimes = runtimes
    let threads = flags.nthread
    return MLServerCatalogue(root: mlserverRoot, environment: Self.variable) {
      path, framework throws(ModelLoadError) in
      let options = LoadOptions(threads: threads, settings: ["interface": "sklearn"])
      return try ModelLoader(runtimes: runtimes, framework: framework, options: options).load(path)
    }
  }

  /// Takes ports and names from MLServer's settings where no flag says otherwise.
  mutating func adoptMLServerSettings() throws(ModelLoadError) {
    guard flags.dialect == "mlserver" else { return }
    let settings = try MLServerSettings.read(folder: mlserverRoot, environment: Self.variable)
    let catalogue = makeMLServerCatalogue()
    let setup = MLServerSetup(settings: settings, catalogue: catalogue, models: try catalogue.settings())
    mlserver = setup
    if !flags.given.contains("http_port") { flags.httpPort = settings.httpPort }
    if !flags.given.contains("grpc_port") { flags.grpcPort = settings.grpcPort }
    if !flags.given.contains("host"), settings.host != "0.0.0.0", let host = settings.host {
      flags.host = host
    }
    if let bytes = settings.grpcMaximumMessageBytes {
      flags.grpcMaxReceiveMessageLength = bytes
      flags.grpcMaxSendMessageLength = bytes
    }
    // MLServer counts answers; half a MiB each is more than most take.
    if flags.responseCacheBytes == 0 { flags.responseCacheBytes = settings.cachedResponses * (512 << 10) }
    guard !settings.loadsModelsAtStartup || !setup.models.isEmpty else {
      throw ModelLoadError(
        .modelMissing,
        "\(mlserverRoot) has no model-settings.json, and MLSERVER_MODEL_IMPLEMENTATION names no model")
    }
    if let name = setup.onlyModel { flags.modelName = name }
  }

  func makeRepository(_ setup: MLServerSetup, metricShards: Int) -> ModelRepository {
    ModelRepository(
      metricShards: metricShards, catalogue: setup.catalogue,
      readiness: setup.onlyModel == nil ? .startedUp : .allModels,
      memoryLimit: flags.modelMemoryLimit > 0 ? flags.modelMemoryLimit : nil)
  }
}
