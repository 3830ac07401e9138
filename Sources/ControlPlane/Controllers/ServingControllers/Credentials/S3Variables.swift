internal import Formats
internal import ServingAPI

/// Endpoint, region and the like of an S3 store, as variables: annotations of the secret or ServiceAccount go
/// before the secret's own members, those before the configuration.
struct S3Variables {
  private let settings: InferenceServiceConfig.S3
  private let annotations: [String: String]
  /// The secret's members as text.
  private let data: [String: String]

  init(
    _ settings: InferenceServiceConfig.S3, annotations: [String: String], data: [String: String] = [:]
  ) {
    self.settings = settings
    self.annotations = annotations
    self.data = data
  }

  private func value(_ annotation: String, _ member: String, _ configured: String) -> String? {
    let found = annotations["serving.kserve.io/\(annotation)"] ?? data[member] ?? configured
    return found.isEmpty ? nil : found
  }

  var json: [JSONValue] {
    var variables: [JSONValue] = []
    func add(_ name: String, _ value: String?) {
      if let value { variables.append(CredentialGrant.variable(name, value)) }
    }
    let usesHTTPS = value("s3-usehttps", "S3_USE_HTTPS", settings.useHTTPS)
    add("S3_USE_HTTPS", usesHTTPS)
    if let endpoint = value("s3-endpoint", "S3_ENDPOINT", settings.endpoint) {
      // An address that names its scheme has said it already.
      let bare = endpoint.split(separator: "://", maxSplits: 1).last.map(String.init) ?? endpoint
      let scheme = usesHTTPS == "0" || usesHTTPS == "false" ? "http" : "https"
      add("S3_ENDPOINT", bare)
      add("AWS_ENDPOINT_URL", endpoint.contains("://") ? endpoint : "\(scheme)://\(endpoint)")
    }
    add(
      "awsAnonymousCredential",
      value("s3-useanoncredential", "awsAnonymousCredential", settings.useAnonymousCredential))
    add("AWS_DEFAULT_REGION", value("s3-region", "AWS_DEFAULT_REGION", settings.region))
    add("S3_VERIFY_SSL", value("s3-verifyssl", "S3_VERIFY_SSL", settings.verifySSL))
    // The variable's name is upstream's, its typing error included.
    add(
      "S3_USER_VIRTUAL_BUCKET",
      value("s3-usevirtualbucket", "S3_USER_VIRTUAL_BUCKET", settings.useVirtualBucket))
    add("S3_USE_ACCELERATE", value("s3-useaccelerate", "S3_USE_ACCELERATE", settings.useAccelerate))
    add("AWS_CA_BUNDLE", value("s3-cabundle", "AWS_CA_BUNDLE", settings.authorityFile))
    add(
      "AWS_CA_BUNDLE_CONFIGMAP",
      value("s3-cabundle-configmap", "AWS_CA_BUNDLE_CONFIGMAP", settings.authorityConfigMap))
    return variables
  }
}
