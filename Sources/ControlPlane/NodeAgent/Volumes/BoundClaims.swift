internal import Basics
internal import Formats
public import KubeClient
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// Where the data of claims lies that are bound to folders of this machine. Folders below its own directory
/// are made when they are first mounted, and removed with their volume.
public final class BoundClaims: Sendable {
  private let claims: Informer
  private let volumes: Informer
  private let directory: String
  private let log = Logger("volumes")

  private static let claimKind = KubeResource(
    group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim",
    isNamespaced: true)
  private static let volumeKind = KubeResource(
    group: "", version: "v1", plural: "persistentvolumes", kind: "PersistentVolume", isNamespaced: false)
  private static let provisionedBy = "pv.kubernetes.io/provisioned-by"
  private static let provisioner = "apus.dev/local-folder"

  /// - Parameter directory: absolute; below it lie the folders of volumes that were made for their claims.
  public init(informers: SharedInformers, directory: String) {
    claims = informers.informer(Self.claimKind)
    volumes = informers.informer(Self.volumeKind)
    self.directory = directory
  }

  /// Fits the node's configuration; nil for a claim that is not bound, or not to a folder. Blocks for the
  /// moment that making a folder takes.
  public func path(namespace: String, claim name: String) -> String? {
    guard let claim = claims.get(namespace: namespace, name: name), claim.status?["phase"] == "Bound",
      let volume = volumes.get(name: claim.spec?["volumeName"]?.string ?? ""),
      let path = volume.spec?.at("hostPath", "path")?.string ?? volume.spec?.at("local", "path")?.string
    else { return nil }
    if isOwn(volume, path) {
      do {
        try Files.createDirectories(path, permissions: 0o755)
      } catch {
        log.error("the folder of a claim cannot be made", ["path": path, "cause": "\(error)"])
        return nil
      }
    }
    return path
  }

  /// Only what this class makes itself may ever be removed.
  private func isOwn(_ volume: KubeObject, _ path: String) -> Bool {
    volume.annotations[Self.provisionedBy] == Self.provisioner && path.hasPrefix(directory + "/")
      && !path.split(separator: "/").contains("..")
  }

  /// Removes the folders of volumes that go, until the task is cancelled.
  public func run() async {
    let workers = BlockingWorkers(name: "volumes", threads: 1, capacity: 1024)
    let (gone, continuation) = AsyncStream.makeStream(of: String.self)
    volumes.onChange { [self] change in
      guard change.isDeletion, let path = change.object.spec?.at("hostPath", "path")?.string,
        isOwn(change.object, path)
      else { return }
      continuation.yield(path)
    }
    for await path in gone {
      do {
        try await workers.run { if Files.exists(path) { try Files.removeTree(path) } }
      } catch {
        if Task.isCancelled { return }
        log.warning("the folder of a volume stays behind", ["path": path, "cause": "\(error)"])
      }
    }
  }
}
