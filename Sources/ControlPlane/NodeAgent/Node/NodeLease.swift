internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The node's Lease, where `kubectl describe node` and monitoring look for its last sign of life. Nothing
/// takes pods from a node whose lease is over, so that it is renewed as rarely as the heartbeat and says so.
enum NodeLease {
  static let namespace = "kube-node-lease"
  static let resource = KubeResource(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)

  /// Makes or renews it.
  /// - Parameter interval: seconds until the next renewal.
  static func renew(of node: KubeObject, client: KubeClient, now: Timestamp, interval: Int64) async throws {
    let existing = try await client.find(resource, namespace: namespace, name: node.name)
    let lease = make(of: node, existing: existing, now: now, interval: interval)
    if existing == nil {
      try await client.create(resource, lease)
    } else {
      try await client.update(resource, lease)
    }
  }

  static func make(of node: KubeObject, existing: KubeObject?, now: Timestamp, interval: Int64) -> KubeObject
  {
    var lease = existing ?? KubeObject(resource, namespace: namespace, name: node.name)
    var owner = OwnerReference(controller: node)
    owner.isController = false
    owner.blocksOwnerDeletion = false
    lease.ownerReferences = [owner]
    lease["spec"] = [
      "holderIdentity": .string(node.name),
      // One renewal may be late.
      "leaseDurationSeconds": .int(interval * 2), "renewTime": .string(now.rfc3339Micro),
    ]
    return lease
  }
}
