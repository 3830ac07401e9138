internal import Formats
public import KubeProtocol
internal import ServingAPI

/// What an explanation of a TrainedModel is made of.
public struct TrainedModelEvidence: Sendable {
  public enum Parent: Sendable {
    case missing
    /// It may not be read.
    case unknown
    case known(ServiceEvidence)
  }

  public var model: KubeObject
  /// The service that is to serve it.
  public var parent: Parent
  /// Of the agents beside the service's servers.
  public var agentLogs: [ServiceEvidence.LogTail]
  /// What could not be read, one sentence each.
  public var gaps: [String]

  public init(
    model: KubeObject, parent: Parent, agentLogs: [ServiceEvidence.LogTail] = [], gaps: [String] = []
  ) {
    self.model = model
    self.parent = parent
    self.agentLogs = agentLogs
    self.gaps = gaps
  }
}

extension ServiceEvidence {
  /// The agents of a multi-model service that have something to say.
  public var agents: [(pod: String, container: String)] {
    PodState.newestFirst(pods).filter { pod in
      PodView(pod).statuses.contains {
        $0["name"]?.string == MultiModelPod.agentContainer && $0.at("state", "running") != nil
      }
    }.prefix(4).map { ($0.name, MultiModelPod.agentContainer) }
  }
}
