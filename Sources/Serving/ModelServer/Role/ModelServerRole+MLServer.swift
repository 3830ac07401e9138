internal import Linux
internal import ModelRuntime

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

  private var mlserverCatalogue: MLServerCatalogue {
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
    mlserver = settings
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
    let names = try mlserverCatalogue.names()
    guard settings.loadsModelsAtStartup else { return }
    guard !names.isEmpty else {
      throw ModelLoadError(
        .modelMissing,
        "\(mlserverRoot) has no model-settings.json, and MLSERVER_MODEL_IMPLEMENTATION names no model")
    }
    // The only model: the server lives and dies with it.
    if names.count == 1 { flags.modelName = names[0] }
  }

  func makeMLServerRepository(metricShards: Int) -> ModelRepository {
    let catalogue = mlserverCatalogue
    let names = (try? catalogue.names()) ?? []
    return ModelRepository(
      metricShards: metricShards, catalogue: catalogue,
      readiness: names.count == 1 && mlserver?.loadsModelsAtStartup == true ? .allModels : .startedUp,
      memoryLimit: flags.modelMemoryLimit > 0 ? flags.modelMemoryLimit : nil)
  }

  func mlserverDialect(_ settings: MLServerSettings) -> MLServerDialect {
    let models = (try? mlserverCatalogue.settings()) ?? []
    return MLServerDialect(settings, models: models)
  }
}
