internal import Formats
public import KubeProtocol
internal import ServingAPI

/// Everything that an explanation is made of: a service, what belongs to it, and what was said about it.
public struct ServiceEvidence: Sendable {
  public var service: KubeObject
  public var namespaceRuntimes: [KubeObject] = []
  public var clusterRuntimes: [KubeObject] = []
  public var deployments: [KubeObject] = []
  public var replicaSets: [KubeObject] = []
  public var pods: [KubeObject] = []
  public var routes: [KubeObject] = []
  /// About any of these.
  public var events: [KubeObject] = []
  public var logs: [LogTail] = []
  /// What could not be read, one sentence each.
  public var gaps: [String] = []

  /// The last lines of one container.
  public struct LogTail: Sendable, Hashable {
    public var pod: String
    public var container: String
    /// Of the run before the present one.
    public var isPrevious: Bool
    public var lines: [String]

    public init(pod: String, container: String, isPrevious: Bool, lines: [String]) {
      self.pod = pod
      self.container = container
      self.isPrevious = isPrevious
      self.lines = lines
    }
  }

  public init(service: KubeObject) { self.service = service }

  /// The containers whose output is worth reading, of pods that are not ready.
  public var wantedLogs: [(pod: String, container: String, isPrevious: Bool)] {
    var wanted: [(pod: String, container: String, isPrevious: Bool)] = []
    for pod in PodState.newestFirst(pods) where !PodState.isReady(pod) {
      for status in PodView(pod).statuses where status["ready"]?.bool != true {
        guard status.at("state", "terminated", "exitCode")?.int != 0,
          status.at("state", "running") != nil || status.at("state", "terminated") != nil
            || status.at("lastState", "terminated") != nil
        else { continue }
        let isPrevious = status.at("state", "waiting") != nil
        wanted.append((pod.name, status["name"]?.string ?? "", isPrevious))
      }
    }
    return Array(wanted.prefix(4))
  }

  func events(about object: KubeObject) -> [KubeObject] {
    events.filter { PodView.isAbout(object, $0) }
  }
}
