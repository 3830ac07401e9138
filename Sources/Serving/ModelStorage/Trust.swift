internal import Linux

/// Whose certificates a download believes.
struct Trust: Sendable, Hashable {
  /// A file of PEM certificates beside the system's folder of them; nil for the system's alone.
  var authorities: String?
  var checksServer = true

  private static let bundle = "cabundle.crt"

  init(authorities: String? = nil, checksServer: Bool = true) {
    self.authorities = authorities
    self.checksServer = checksServer
  }

  /// As the pod was told: the bundle of the mounted ConfigMap, else the variable that Python's programs read.
  init(environment: (String) -> String?) {
    func text(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    authorities = text("REQUESTS_CA_BUNDLE")
    guard text("CA_BUNDLE_CONFIGMAP_NAME") != nil, let folder = text("CA_BUNDLE_VOLUME_MOUNT_POINT") else {
      return
    }
    let file = folder.hasSuffix("/") ? "\(folder)\(Self.bundle)" : "\(folder)/\(Self.bundle)"
    // The ConfigMap may be that of an S3 store alone, which names its file itself.
    if text("AWS_CA_BUNDLE") == nil || Files.exists(file) { authorities = file }
  }

  /// Of this process.
  static var ofProcess: Trust { Trust(environment: { ProcessEnvironment.variable($0) }) }

  /// - Throws: where the file is missing: a library's own words for it name no cause.
  func check(_ source: String) throws(StorageError) {
    guard checksServer, let authorities, !Files.exists(authorities) else { return }
    throw StorageError(
      .badSource,
      "\(source): failed to find ca bundle file(\(authorities)); check the ConfigMap with the certificates")
  }
}
