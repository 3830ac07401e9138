public import Linux

/// `pvc://claim/path`: the claim is mounted into the container (`/mnt/pvc`, as upstream mounts it, or where
/// `APUS_PVC_MOUNT` says), and the path below it is linked like any local folder.
public struct ClaimStorage: StorageScheme {
  private let mountPath: String

  public init(mountPath: String = ProcessEnvironment.variable("APUS_PVC_MOUNT") ?? "/mnt/pvc") {
    self.mountPath = mountPath
  }

  public func matches(_ source: String) -> Bool { source.hasPrefix("pvc://") }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let parts = source.dropFirst("pvc://".count).split(separator: "/", maxSplits: 1)
    guard let claim = parts.first else {
      throw StorageError(.badSource, "\(source) names no claim: the form is pvc://<claim>/<path>")
    }
    guard Files.exists(mountPath) else {
      throw StorageError(
        .sourceNotFound,
        "\(source): the claim '\(claim)' is not mounted at \(mountPath); mount it as a volume")
    }
    guard parts.count == 2 else { return try LocalStorage.link(mountPath, into: destination, source: source) }
    let path = try ObjectPath.validated(String(parts[1].trimming("/")), source: source)
    return try LocalStorage.link("\(mountPath)/\(path)", into: destination, source: source)
  }
}

extension Substring {
  /// Without that character at both ends.
  fileprivate func trimming(_ character: Character) -> Substring {
    var rest = self
    while rest.first == character { rest = rest.dropFirst() }
    while rest.last == character { rest = rest.dropLast() }
    return rest
  }
}
