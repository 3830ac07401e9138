internal import Basics
internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// Health, metadata, statistics: answers that need no prediction.
extension InferenceRoutes {
  func describe(_ route: InferenceRoute, loop: Int) -> ServerAnswer {
    do throws(RequestFailure) {
      let description = try description(route, loop)
      return try described(route, loop).flatMap { context.options.dialect.answer(describing: $0) }
        ?? ServerAnswer(json: description)
    } catch {
      return context.answer(to: error)
    }
  }

  /// What a dialect may answer in a form of its own.
  private func described(_ route: InferenceRoute, _ loop: Int) throws(RequestFailure) -> DescribedSubject? {
    switch route {
    case .v2Server: return .server
    case .v2Live: return .live
    case .v2Ready: return .ready
    case .v2ModelReady: return .modelReady
    case .v2Model(let name, let version):
      return .model(try context.findServable(name, version: version, loop: loop))
    default: return nil
    }
  }

  private func description(_ route: InferenceRoute, _ loop: Int) throws(RequestFailure) -> JSONValue {
    switch route {
    case .liveness: return ["status": "alive"]
    case .v1Models, .v2Models: return ["models": .array(context.repository.names.map { .string($0) })]
    case .v2Server:
      return [
        "name": .string(ServerDescription.name), "version": .string(context.options.version),
        "extensions": .array(ServerDescription.extensions.map { .string($0) }),
      ]
    case .v2Live: return ["live": true]
    case .v2Ready:
      guard context.isReady else { throw .serverNotReady }
      return ["ready": true]
    case .v1Model(let name):
      _ = try context.findServable(name, version: nil, loop: loop)
      return ["name": .string(name), "ready": true]
    case .v2ModelReady(let name, let version):
      _ = try context.findServable(name, version: version, loop: loop)
      return ["name": .string(name), "ready": true]
    case .v2Model(let name, let version):
      return metadata(try context.findServable(name, version: version, loop: loop))
    case .v2ModelConfiguration(let name, let version):
      return ModelConfiguration(try context.findServable(name, version: version, loop: loop)).json
    case .v2Statistics(let name, let version):
      guard let name else {
        // A model of that name hides the statistics of all.
        if let model = context.entry("stats", loop: loop) { return metadata(model) }
        return statistics(context.repository.entries())
      }
      let entry = try context.find(name, version: version, loop: loop)
      return statistics(version == nil ? context.repository.versions(of: name) : [entry])
    default: throw .broken("the route \(route) is answered elsewhere")
    }
  }

  private func metadata(_ entry: ModelEntry) -> JSONValue {
    func list(_ specs: [ModelSignature.TensorSpec]) -> JSONValue {
      .array(
        specs.map { spec in
          [
            "name": .string(spec.name), "datatype": .string(spec.datatype.rawValue),
            "shape": .array(spec.shape.map { .int($0) }),
          ]
        })
    }
    let versions = context.repository.versions(of: entry.name).compactMap(\.version)
    return [
      "name": .string(entry.name),
      "versions": versions.isEmpty ? .null : .array(versions.map { .string($0) }),
      "platform": .string(entry.signature?.platform ?? ""), "inputs": list(entry.signature?.inputs ?? []),
      "outputs": list(entry.signature?.outputs ?? []),
    ]
  }

  private func statistics(_ entries: [ModelEntry]) -> JSONValue {
    ["model_stats": .array(entries.map { ModelStatistics($0, clock: context.clock).json })]
  }

  /// - Parameter accept: the scraper's Accept header.
  func metricsPage(accept: String?) -> ServerAnswer {
    let report = MetricsReport(
      context.metrics, models: context.repository.entries(), queueLength: context.scheduler.waiting,
      accept: accept, repository: context.repository, scheduler: context.scheduler)
    return ServerAnswer(contentType: report.contentType, body: report.body)
  }

  // MARK: the model repository extension; on a worker

  func index(onlyReady: Bool) -> ServerAnswer {
    let rows = RepositoryIndex.rows(context.repository, onlyReady: onlyReady)
    return context.options.dialect.answer(describing: .index(rows))
      ?? ServerAnswer(json: .array(rows.map(\.json)))
  }

  func load(_ name: String) -> ServerAnswer {
    do throws(RequestFailure) {
      try RepositoryIndex.load(name, context.repository)
      return context.options.dialect.answer(describing: .loaded)
        ?? ServerAnswer(json: ["name": .string(name), "load": true])
    } catch {
      return context.answer(to: error)
    }
  }

  func unload(_ name: String, _ version: String?) -> ServerAnswer {
    do throws(RequestFailure) {
      try RepositoryIndex.unload(name, version: version, context.repository)
      return context.options.dialect.answer(describing: .unloaded)
        ?? ServerAnswer(json: ["name": .string(name), "unload": true])
    } catch {
      return context.answer(to: error)
    }
  }
}

/// What the server says of itself.
enum ServerDescription {
  static let name = "kserve"
  /// Upstream's first; the others by the names of their documents in Triton.
  static let extensions: [String] = [
    "model_repository_extension", "binary_tensor_data", "model_repository",
    "model_repository(unload_dependents)",
    "statistics", "model_configuration", "schedule_policy",
  ]
}
