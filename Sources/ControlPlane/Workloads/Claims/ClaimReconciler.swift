internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Binds claims to volumes: to one that is there and fits, else to a new one, which is a folder of this
/// machine. The node makes the folder when a pod mounts it, and removes it with the volume.
struct ClaimReconciler: Reconciler {
  /// Marks volumes that were made for their claim.
  static let provisionedBy = "pv.kubernetes.io/provisioned-by"
  static let provisioner = "apus.dev/local-folder"

  let client: KubeClient
  let claims: Informer
  let volumes: Informer
  let events: EventRecorder
  let volumesDirectory: String

  static func isBound(_ claim: KubeObject) -> Bool { claim.status?["phase"] == "Bound" }

  static func claimKey(of volume: KubeObject) -> ObjectKey? {
    guard let reference = volume.spec?["claimRef"], let name = reference["name"]?.string else { return nil }
    return ObjectKey(namespace: reference["namespace"]?.string ?? "", name: name)
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let claim = claims.get(key), !claim.isBeingDeleted else {
      try await release(key)
      return .done
    }
    let volume: KubeObject
    if let found = find(for: claim) {
      volume = found
    } else if let wanted = claim.spec?["volumeName"]?.string, !wanted.isEmpty {
      tell(claim, "volume \"\(wanted)\" not found")
      return .done
    } else if claim.spec?["storageClassName"]?.string == "" || claim.spec?["selector"] != nil {
      tell(claim, "no persistent volumes available for this claim and no storage class is set")
      return .done
    } else {
      volume = try await provision(claim)
    }
    guard let bound = try await reserve(volume, for: claim) else { return .done }
    try await bind(claim, bound)
    return .done
  }

  private func tell(_ claim: KubeObject, _ message: String) {
    if Self.isBound(claim) { return }
    events.record(claim, .normal, reason: "FailedBinding", message: message)
  }

  // MARK: volumes

  /// The one that the claim names or has, else the smallest that fits.
  private func find(for claim: KubeObject) -> KubeObject? {
    let live = volumes.list().filter { !$0.isBeingDeleted }
    if let name = claim.spec?["volumeName"]?.string, !name.isEmpty {
      return live.first { $0.name == name && (Self.claimKey(of: $0) ?? claim.key) == claim.key }
    }
    if let own = live.first(where: { Self.claimKey(of: $0) == claim.key && Self.isOf($0, claim) }) {
      return own
    }
    return live.filter { Self.claimKey(of: $0) == nil && Self.fits($0, claim) }
      .min { (Self.size($0), $0.name) < (Self.size($1), $1.name) }
  }

  private static func isOf(_ volume: KubeObject, _ claim: KubeObject) -> Bool {
    let uid = volume.spec?.at("claimRef", "uid")?.string ?? ""
    return uid.isEmpty || uid == claim.uid
  }

  static func fits(_ volume: KubeObject, _ claim: KubeObject) -> Bool {
    let (spec, wanted) = (volume.spec ?? [:], claim.spec ?? [:])
    guard spec["storageClassName"]?.string ?? "" == wanted["storageClassName"]?.string ?? "",
      spec["volumeMode"] == wanted["volumeMode"], size(volume) >= request(claim)
    else { return false }
    let modes = Set((spec["accessModes"]?.array ?? []).compactMap(\.string))
    guard modes.isSuperset(of: (wanted["accessModes"]?.array ?? []).compactMap(\.string)) else {
      return false
    }
    guard let selector = wanted["selector"] else { return true }
    return (try? LabelSelector(json: selector))?.matches(volume) ?? false
  }

  private static func size(_ volume: KubeObject) -> Int128 {
    (volume.spec?.at("capacity", "storage")).flatMap(Quantity.init(json:))?.billionths ?? 0
  }

  private static func request(_ claim: KubeObject) -> Int128 {
    (claim.spec?.at("resources", "requests", "storage")).flatMap(Quantity.init(json:))?.billionths ?? 0
  }

  private func provision(_ claim: KubeObject) async throws -> KubeObject {
    var volume = KubeObject(.persistentVolumes, name: "pvc-\(claim.uid)")
    volume.annotations[Self.provisionedBy] = Self.provisioner
    let path = "\(volumesDirectory)/\(claim.namespace)/\(claim.name)-\(claim.uid.prefix(8))"
    var spec: JSONValue = [
      "capacity": ["storage": claim.spec?.at("resources", "requests", "storage") ?? "1Gi"],
      "accessModes": claim.spec?["accessModes"] ?? ["ReadWriteOnce"],
      "hostPath": ["path": .string(path), "type": "DirectoryOrCreate"],
      "persistentVolumeReclaimPolicy": "Delete", "volumeMode": claim.spec?["volumeMode"] ?? "Filesystem",
      "claimRef": Self.reference(claim),
    ]
    spec["storageClassName"] = claim.spec?["storageClassName"]
    volume.spec = spec
    do {
      let made = try await client.create(.persistentVolumes, volume)
      events.record(
        claim, .normal, reason: "ProvisioningSucceeded",
        message: "Successfully provisioned volume \(volume.name): the folder \(path)")
      return made
    } catch let error as KubeError where error.reason == .alreadyExists {
      return try await client.get(.persistentVolumes, name: volume.name)
    }
  }

  private static func reference(_ claim: KubeObject) -> JSONValue {
    [
      "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": .string(claim.namespace),
      "name": .string(claim.name), "uid": .string(claim.uid),
    ]
  }

  // MARK: binding

  /// Nil where somebody else was faster.
  private func reserve(_ volume: KubeObject, for claim: KubeObject) async throws -> KubeObject? {
    var bound = volume
    if !Self.isOf(volume, claim) || volume.spec?.at("claimRef", "uid") == nil {
      bound.json.set(Self.reference(claim), at: "spec", "claimRef")
      do {
        bound = try await client.update(.persistentVolumes, bound)
      } catch let error as KubeError where error.reason == .notFound {
        return nil
      }
    }
    try await setPhase(of: bound, "Bound")
    return bound
  }

  private func setPhase(of volume: KubeObject, _ phase: String) async throws {
    guard volume.status?["phase"]?.string != phase else { return }
    var told = volume
    told.status = ["phase": .string(phase)]
    try await ObjectWriter(client).applyStatus(.persistentVolumes, told, existing: volume)
  }

  private func bind(_ claim: KubeObject, _ volume: KubeObject) async throws {
    var updated = claim
    if claim.spec?["volumeName"]?.string != volume.name {
      updated.json.set(.string(volume.name), at: "spec", "volumeName")
      updated = try await client.update(.persistentVolumeClaims, updated)
    }
    var told = updated
    told.status = [
      "phase": "Bound", "accessModes": volume.spec?["accessModes"] ?? [],
      "capacity": volume.spec?["capacity"] ?? [:],
    ]
    try await ObjectWriter(client).applyStatus(.persistentVolumeClaims, told, existing: updated)
  }

  /// The claim is gone: a volume that was made for it goes too, another one stays with its data.
  private func release(_ key: ObjectKey) async throws {
    for volume in volumes.list() where Self.claimKey(of: volume) == key && !volume.isBeingDeleted {
      if volume.spec?["persistentVolumeReclaimPolicy"] == "Delete" {
        try await ObjectWriter(client).delete(.persistentVolumes, volume)
      } else {
        try await setPhase(of: volume, "Released")
      }
    }
  }
}
