internal import NodeAgent

/// `apus pod`: the supervisor of one pod's processes; only the node agent starts it.
enum PodCommand {
  static let verb = Verb(name: "pod", summary: "") { _ in PodSupervisor.run() }
}
