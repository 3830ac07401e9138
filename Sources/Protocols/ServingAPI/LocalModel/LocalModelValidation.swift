internal import Formats
public import KubeProtocol

/// What admission refuses about caches of models, in upstream's words; pure.
public enum LocalModelValidation {
  /// - Parameters:
  ///   - old: the stored object, on update.
  ///   - others: the other caches of the same kind and namespace.
  ///   - nodeGroups: names of the LocalModelNodeGroups; nil where they are not known.
  public static func causes(
    _ object: KubeObject, old: KubeObject? = nil, others: [KubeObject] = [], nodeGroups: Set<String>? = nil
  ) -> [KubeError.Cause] {
    if object.isBeingDeleted { return [] }
    let cache = LocalModelCache(object)
    var causes: [KubeError.Cause] = []
    if let old, LocalModelCache(old).sourceURI != cache.sourceURI {
      causes.append(.invalid("spec.sourceModelUri", cache.sourceURI, "StorageUri is immutable"))
    }
    if !cache.isNamespaced {
      for other in others.map(LocalModelCache.init)
      where other.name != cache.name && other.sourceURI == cache.sourceURI {
        causes.append(
          .init(
            reason: "FieldValueDuplicate",
            message: "LocalModelCache \(other.name) has the same StorageURI \(cache.sourceURI)",
            field: "spec.sourceModelUri"))
      }
    }
    do throws(StorageURI.Failure) {
      _ = try StorageURI(cache.sourceURI)
    } catch {
      causes.append(
        .init(reason: "FieldValueInvalid", message: error.description, field: "spec.sourceModelUri"))
    }
    if let nodeGroups, cache.isNamespaced {
      for (index, group) in cache.nodeGroups.enumerated() where !nodeGroups.contains(group) {
        causes.append(
          .init(
            reason: "FieldValueNotFound", message: "NodeGroup \(group) not found",
            field: "spec.nodeGroups[\(index)]"))
      }
    }
    return causes
  }

  /// Why a cache may not be deleted now; nil where it may.
  /// - Parameter isThere: whether a service that `status` names still exists and still uses the cache.
  public static func deletionProblem(
    _ object: KubeObject, isThere: (_ kind: String, _ namespace: String, _ name: String) -> Bool
  ) -> KubeError? {
    let cache = LocalModelCache(object)
    guard let user = cache.users.first(where: { isThere($0.kind, $0.namespace, $0.name) }) else { return nil }
    let message =
      cache.isNamespaced
      ? "LocalModelNamespaceCache \(cache.namespace)/\(cache.name) is being used by "
        + "\(user.kind) \(user.namespace)/\(user.name)"
      : "LocalModelCache \(cache.name) is being used by \(user.kind) \(user.name)"
    var error = KubeError(.forbidden, message)
    error.group = object.groupVersionKind.group
    error.kind = object.kind
    error.name = cache.name
    return error
  }
}
