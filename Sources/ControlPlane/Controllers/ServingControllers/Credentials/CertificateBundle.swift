internal import Formats
internal import ServingAPI

/// Further certificate authorities for the programs that fetch models: `caBundleConfigMapName` of the
/// configuration, whose ConfigMap is copied into each namespace with services, or the ConfigMap that a
/// store's credentials name.
enum CertificateBundle {
  /// The copy's name.
  static let copyName = "global-ca-bundle"
  static let fileName = "cabundle.crt"
  /// Names the ConfigMap of one store.
  static let storeConfigMap = "AWS_CA_BUNDLE_CONFIGMAP"
  /// The file in it, as a path: its folder is where the ConfigMap is mounted.
  static let storeFile = "AWS_CA_BUNDLE"
  private static let volume = "cabundle-cert"

  /// After the container has got its credentials, which may name a ConfigMap.
  static func apply(
    to container: inout JSONValue, _ volumes: inout [JSONValue], namespace: String,
    _ initializer: InferenceServiceConfig.StorageInitializer
  ) {
    let ofStore = container.environmentValue(storeConfigMap) ?? ""
    var configMap = ofStore
    if configMap.isEmpty {
      guard !initializer.authorityConfigMap.isEmpty else { return }
      configMap = namespace == ServingPlatform.namespace ? initializer.authorityConfigMap : copyName
    }
    var folder = initializer.authorityMountPath
    if folder.isEmpty { folder = InferenceServiceConfig.StorageInitializer().authorityMountPath }
    if let file = container.environmentValue(storeFile), let slash = file.lastIndex(of: "/") {
      folder = slash == file.startIndex ? "/" : String(file[..<slash])
    }
    CredentialGrant(
      variables: [
        CredentialGrant.variable("CA_BUNDLE_CONFIGMAP_NAME", configMap),
        CredentialGrant.variable("CA_BUNDLE_VOLUME_MOUNT_POINT", folder),
      ],
      volumes: [["name": .string(volume), "configMap": ["name": .string(configMap)]]],
      mounts: [["name": .string(volume), "mountPath": .string(folder), "readOnly": true]]
    ).apply(to: &container, &volumes)
  }
}
