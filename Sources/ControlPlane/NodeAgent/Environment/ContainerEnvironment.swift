/// The variables that Apus itself sets for containers.
enum ContainerEnvironment {
  /// Which container a process belongs to; supervisors find orphans by it.
  static let containerVariable = "APUS_CONTAINER"
  /// Which pod a process belongs to; the agent finds what a dead supervisor left behind by it.
  static let podVariable = "APUS_POD_UID"
}
