internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

extension EvidenceReader {
  /// Models that fail are told of once a minute each.
  private static let agentLines = 100

  func evidence(ofTrainedModel model: KubeObject) async throws -> TrainedModelEvidence {
    let name = TrainedModel(model).inferenceService
    do {
      guard
        let service = try await client.find(.inferenceServices, namespace: model.namespace, name: name)
      else { return TrainedModelEvidence(model: model, parent: .missing) }
      let parent = try await evidence(of: service)
      return TrainedModelEvidence(model: model, parent: .known(parent), agentLogs: await agentLogs(parent))
    } catch let error as KubeError where error.reason == .forbidden {
      return TrainedModelEvidence(
        model: model, parent: .unknown, gaps: ["inferenceservices cannot be read: \(error)"])
    }
  }

  /// The same of all models of a namespace (nil: of all), whose services were read before.
  func trainedModels(
    in namespace: String?, services: [ServiceEvidence]
  ) async -> [TrainedModelEvidence] {
    // A cluster without the kind has none.
    var gaps: [String] = []
    let models = await list(.trainedModels, namespace, nil, &gaps)
    let parents = Dictionary(services.map { ($0.service.key, $0) }) { first, _ in first }
    var logs: [ObjectKey: [ServiceEvidence.LogTail]] = [:]
    var all: [TrainedModelEvidence] = []
    for model in models.sorted(by: { ($0.namespace, $0.name) < ($1.namespace, $1.name) }) {
      let key = ObjectKey(namespace: model.namespace, name: TrainedModel(model).inferenceService)
      guard let parent = parents[key] else {
        all.append(TrainedModelEvidence(model: model, parent: .missing))
        continue
      }
      if logs[key] == nil { logs[key] = await agentLogs(parent) }
      all.append(TrainedModelEvidence(model: model, parent: .known(parent), agentLogs: logs[key] ?? []))
    }
    return all
  }

  func graphs(in namespace: String?) async -> [KubeObject] {
    var gaps: [String] = []
    return await list(.inferenceGraphs, namespace, nil, &gaps)
      .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
  }

  private func agentLogs(_ parent: ServiceEvidence) async -> [ServiceEvidence.LogTail] {
    var tails: [ServiceEvidence.LogTail] = []
    for agent in parent.agents {
      let wanted = (pod: agent.pod, container: agent.container, isPrevious: false)
      if let tail = await log(parent.service.namespace, wanted, most: (Self.agentLines, 1000)) {
        tails.append(tail)
      }
    }
    return tails
  }
}
