internal import Formats
public import KubeProtocol

/// The cache that a service takes its model from, as admission writes it down on the service: upstream's
/// internal labels and annotations.
public struct LocalModelMatch: Sendable, Hashable {
  public var cache: String
  /// "" for a LocalModelCache.
  public var namespace: String
  /// What the cache holds.
  public var sourceURI: String
  /// The claim with the copy, in the service's namespace.
  public var claim: String

  /// The first cache that holds a model, by name; one of the namespace goes before those of the cluster.
  /// - Parameters:
  ///   - nodeGroup: the only one whose nodes the service may run on; nil: the cache's first.
  ///   - caches: of both kinds and of any namespace.
  public init?(_ uri: String, namespace: String, nodeGroup: String?, caches: [LocalModelCache]) {
    let mine = caches.filter { !$0.isNamespaced || $0.namespace == namespace }
    let ordered = mine.sorted { ($0.isNamespaced ? 0 : 1, $0.name) < ($1.isNamespaced ? 0 : 1, $1.name) }
    for cache in ordered where cache.holds(uri) {
      let group = nodeGroup.map { cache.nodeGroups.contains($0) ? $0 : nil } ?? cache.nodeGroups.first
      guard let group else { continue }
      self.cache = cache.name
      self.namespace = cache.namespace
      sourceURI = cache.sourceURI
      claim = "\(cache.name)-\(group)"
      return
    }
    return nil
  }

  /// What is written on an object; nil where nothing or not all of it is.
  public init?(_ object: KubeObject) {
    let annotations = object.annotations
    guard let cache = object.labels[ServingLabel.localModel].flatMap(\.nonEmpty),
      let source = annotations[ServingAnnotation.localModelSource].flatMap(\.nonEmpty),
      let claim = annotations[ServingAnnotation.localModelClaim].flatMap(\.nonEmpty)
    else { return nil }
    self.cache = cache
    self.claim = claim
    namespace = object.labels[ServingLabel.localModelNamespace] ?? ""
    sourceURI = source
  }

  /// Writes a match on an object, or takes an earlier one off.
  static func write(_ match: LocalModelMatch?, on object: inout KubeObject) {
    var labels = object.labels
    labels[ServingLabel.localModel] = match?.cache
    labels[ServingLabel.localModelNamespace] = match?.namespace.nonEmpty
    var annotations = object.annotations
    annotations[ServingAnnotation.localModelSource] = match?.sourceURI
    annotations[ServingAnnotation.localModelClaim] = match?.claim
    if labels != object.labels { object.labels = labels }
    if annotations != object.annotations { object.annotations = annotations }
  }

  /// The path below the cached model; "" for the model itself, nil for what the cache does not hold.
  public func subPath(of uri: String) -> String? {
    guard LocalModelCache.holds(sourceURI, uri) else { return nil }
    let rest = uri.dropFirst(LocalModelCache.trimmed(sourceURI).count)
    return rest.split(separator: "/").joined(separator: "/")
  }
}

extension ServingDefaulting {
  /// Rule 5 of upstream's defaulting: which cache holds the model of a service. Unlike upstream, a match from
  /// before is taken off where the annotation or the configuration says that caches are not to be used.
  static func defaultLocalModel(
    _ object: KubeObject, uri: String?, configuration: InferenceServiceConfig, caches: [LocalModelCache]
  ) -> KubeObject {
    var result = object
    let annotations = object.annotations
    let isUsed = configuration.localModel.isEnabled && annotations[ServingAnnotation.disableLocalModel] == nil
    let match = uri.flatMap(\.nonEmpty).flatMap { uri in
      isUsed
        ? LocalModelMatch(
          uri, namespace: object.namespace, nodeGroup: annotations[ServingAnnotation.nodeGroup],
          caches: caches)
        : nil
    }
    LocalModelMatch.write(match, on: &result)
    return result
  }
}
