internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Finds the children of a controller: those it owns and that match its selector. Matching orphans are
/// adopted, owned ones that match no longer are released.
struct OwnerClaims {
  /// Index of objects without a controller, by namespace.
  static let orphanIndex = "orphans"

  let client: KubeClient
  let informer: Informer

  static func addIndex(to informer: Informer) {
    informer.addIndex(orphanIndex) { $0.controllerReference == nil ? [$0.namespace] : [] }
  }

  func children(of owner: KubeObject, selector: LabelSelector) async throws -> [KubeObject] {
    var children: [KubeObject] = []
    for child in informer.owned(by: owner.uid) where child.namespace == owner.namespace {
      if selector.matches(child) {
        children.append(child)
      } else if !owner.isBeingDeleted && !child.isBeingDeleted {
        try await setOwners(child, child.ownerReferences.filter { $0.uid != owner.uid })
      }
    }
    if owner.isBeingDeleted || selector.isEmpty { return children }
    for orphan in informer.byIndex(Self.orphanIndex, owner.namespace)
    where selector.matches(orphan) && !orphan.isBeingDeleted && !PodState(orphan).isTerminal {
      let reference = OwnerReference(controller: owner)
      if let adopted = try await setOwners(orphan, orphan.ownerReferences + [reference]) {
        children.append(adopted)
      }
    }
    return children
  }

  /// Nil where the object went away meanwhile. A conflict is thrown: the next try sees what changed.
  @discardableResult
  private func setOwners(_ child: KubeObject, _ owners: [OwnerReference]) async throws -> KubeObject? {
    let patch: JSONValue = [
      "metadata": [
        "uid": .string(child.uid), "resourceVersion": .string(child.resourceVersion),
        "ownerReferences": owners.isEmpty ? .null : .array(owners.map(\.json)),
      ]
    ]
    do {
      return try await client.patch(
        informer.resource, namespace: child.namespace, name: child.name, type: .merge, patch)
    } catch let error as KubeError where error.reason == .notFound {
      return nil
    }
  }
}
