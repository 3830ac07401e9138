internal import KubeProtocol

/// Which revision of each CustomResourceDefinition the registry was last told of. Writers tell it after their
/// write, so that the older of two may come last: an update must not bring back kinds whose definition was
/// deleted meanwhile.
struct DefinitionRevisions {
  private var latest: [String: Int64] = [:]

  /// - Returns: whether it is newer than all that was told of the definition before; then it counts as told.
  mutating func advance(to definition: KubeObject) -> Bool {
    guard let revision = Int64(definition.resourceVersion) else { return true }
    if let known = latest[definition.name], known >= revision { return false }
    latest[definition.name] = revision
    return true
  }
}
