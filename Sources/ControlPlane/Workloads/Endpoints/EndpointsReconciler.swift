internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Keeps the Endpoints object and the EndpointSlices of each Service with a selector.
struct EndpointsReconciler: Reconciler {
  static let serviceIndex = "service"
  private static let labelIndex = "label"
  private static let selectorIndex = "selector"

  let client: KubeClient
  let services: Informer
  let pods: Informer
  let endpoints: Informer
  let slices: Informer

  static func addIndices(pods: Informer, services: Informer, slices: Informer) {
    pods.addIndex(labelIndex) { pod in
      (pod.json["metadata"]?["labels"]?.object?.members ?? []).compactMap { member in
        member.value.string.map { indexValue(pod.namespace, member.key, $0) }
      }
    }
    services.addIndex(selectorIndex) { service in
      ServiceEndpoints.selector(of: service).flatMap(rarest).map {
        [indexValue(service.namespace, $0.key, $0.value)]
      } ?? []
    }
    slices.addIndex(serviceIndex) { slice in
      guard slice.labels[ServiceEndpoints.sliceManagerLabel] == ServiceEndpoints.sliceManager,
        let key = serviceKey(ofSlice: slice)
      else { return [] }
      return [key.description]
    }
  }

  static func serviceKey(ofSlice slice: KubeObject) -> ObjectKey? {
    slice.labels[ServiceEndpoints.serviceNameLabel].map { ObjectKey(namespace: slice.namespace, name: $0) }
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let service = services.get(key), !service.isBeingDeleted else {
      try await removeAll(key)
      return .done
    }
    guard let selector = ServiceEndpoints.selector(of: service) else { return .done }
    let selected = Self.pods(selector, namespace: key.namespace, in: pods)
    let wanted = ServiceEndpoints(service: service, pods: selected)
    let writer = ObjectWriter(client)
    // Slices first: the gateway reads those.
    var kept: Set<ObjectKey> = []
    for slice in wanted.makeSlices() {
      kept.insert(slice.key)
      try await writer.apply(.endpointSlices, desired: slice, existing: slices.get(slice.key))
    }
    for stale in slices.byIndex(Self.serviceIndex, key.description) where !kept.contains(stale.key) {
      try await writer.delete(.endpointSlices, stale)
    }
    try await writer.apply(.endpoints, desired: wanted.makeEndpoints(), existing: endpoints.get(key))
    return .done
  }

  private func removeAll(_ key: ObjectKey) async throws {
    let writer = ObjectWriter(client)
    for slice in slices.byIndex(Self.serviceIndex, key.description) {
      try await writer.delete(.endpointSlices, slice)
    }
    if let object = endpoints.get(key),
      object.labels[ServiceEndpoints.managerLabel] == ServiceEndpoints.manager
    {
      try await writer.delete(.endpoints, object)
    }
  }

  // MARK: what concerns which Service

  private static func indexValue(_ namespace: String, _ label: String, _ value: String) -> String {
    "\(namespace)/\(label)=\(value)"
  }

  /// The pair of a selector that fewest objects are likely to have: of names the longest is the most special,
  /// and of labels `app` comes before those that tell a part.
  private static func rarest(_ selector: [String: String]) -> (key: String, value: String)? {
    selector.max { ($0.value.utf8.count, $1.key) < ($1.value.utf8.count, $0.key) }.map { ($0.key, $0.value) }
  }

  /// The pods that a selector selects, sorted by key.
  static func pods(_ selector: [String: String], namespace: String, in pods: Informer) -> [KubeObject] {
    let values = selector.map { indexValue(namespace, $0.key, $0.value) }
    let rarest = values.min { pods.count(index: labelIndex, $0) < pods.count(index: labelIndex, $1) }
    guard let rarest else { return pods.list(namespace: namespace) }
    return pods.byIndex(labelIndex, rarest).filter { selects(selector, $0) }
  }

  static func selects(_ selector: [String: String], _ pod: KubeObject) -> Bool {
    guard let labels = pod.json["metadata"]?["labels"] else { return false }
    return selector.allSatisfy { labels[$0.key]?.string == $0.value }
  }

  /// The Services that select the pod before or after the change; none where nothing of interest to them
  /// changed.
  static func serviceKeys(_ change: InformerChange, services: Informer) -> [ObjectKey] {
    if case .updated(let old, let new) = change, looksAlike(old, new) { return [] }
    var keys: [ObjectKey] = []
    for state in [change.old, change.object].compactMap({ $0 }) {
      for (label, value) in state.labels {
        for service in services.byIndex(selectorIndex, indexValue(state.namespace, label, value)) {
          guard !keys.contains(service.key), let selector = ServiceEndpoints.selector(of: service),
            selects(selector, state)
          else { continue }
          keys.append(service.key)
        }
      }
    }
    return keys.sorted()
  }

  private static func looksAlike(_ left: KubeObject, _ right: KubeObject) -> Bool {
    let (old, new) = (PodState(left), PodState(right))
    return old.address == new.address && old.isReady == new.isReady && old.isTerminal == new.isTerminal
      && left.isBeingDeleted == right.isBeingDeleted && old.nodeName == new.nodeName
      && left.metadata["labels"] == right.metadata["labels"]
  }
}
