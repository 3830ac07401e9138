internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Keeps the Endpoints object and the EndpointSlices of each Service with a selector.
struct EndpointsReconciler: Reconciler {
  static let serviceIndex = "service"

  let client: KubeClient
  let services: Informer
  let pods: Informer
  let endpoints: Informer
  let slices: Informer

  static func addIndices(to slices: Informer) {
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
    let selected = pods.list(namespace: key.namespace).filter { Self.selects(selector, $0) }
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

  static func selects(_ selector: [String: String], _ pod: KubeObject) -> Bool {
    guard let labels = pod.json["metadata"]?["labels"] else { return false }
    return selector.allSatisfy { labels[$0.key]?.string == $0.value }
  }

  /// The Services that select the pod before or after the change; none where nothing of interest to them
  /// changed.
  static func serviceKeys(_ change: InformerChange, services: Informer) -> [ObjectKey] {
    if case .updated(let old, let new) = change, looksAlike(old, new) { return [] }
    let states = [change.old, change.object].compactMap { $0 }
    return services.list(namespace: change.object.namespace).filter { service in
      guard let selector = ServiceEndpoints.selector(of: service) else { return false }
      return states.contains { selects(selector, $0) }
    }
    .map(\.key)
  }

  private static func looksAlike(_ left: KubeObject, _ right: KubeObject) -> Bool {
    let (old, new) = (PodState(left), PodState(right))
    return old.address == new.address && old.isReady == new.isReady && old.isTerminal == new.isTerminal
      && left.isBeingDeleted == right.isBeingDeleted && old.nodeName == new.nodeName
      && left.metadata["labels"] == right.metadata["labels"]
  }
}
