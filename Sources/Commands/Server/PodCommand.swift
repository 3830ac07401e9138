internal import NodeAgent

/// `apus pod`: the supervisor of one pod's processes; only the node agent starts it.
enum PodCommand {
  static let name = "pod"

  static func run() -> Int32 { PodSupervisor.run() }
}
