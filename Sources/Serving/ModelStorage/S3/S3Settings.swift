internal import Formats

/// How a bucket is reached: from the variables that AWS' and KServe's tools read, and from a `storage-config`
/// entry (`STORAGE_CONFIG`, overridden by `STORAGE_OVERRIDE_CONFIG`).
struct S3Settings: Sendable {
  /// Nil for AWS itself.
  var endpoint: String?
  var region = "us-east-1"
  /// Nil for anonymous access.
  var key: AWSSignature.Key?
  var isAnonymous = false
  /// The bucket as part of the host name; nil where the endpoint decides.
  var usesVirtualBucket: Bool?
  var usesAcceleration = false
  var checksServer = true
  var authorities: String?
  var concurrency = 4
  var attempts = 3
  var connectTimeoutMilliseconds = 15_000
  var readTimeoutSeconds = 30

  typealias Environment = (String) -> String?

  init(environment: @escaping Environment) throws(StorageError) {
    let text = { (name: String) in environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    let isOn = { (name: String) in text(name).map { Self.isTrue($0) } }
    region = text("AWS_DEFAULT_REGION") ?? text("AWS_REGION") ?? region
    endpoint = text("AWS_ENDPOINT_URL_S3") ?? text("AWS_ENDPOINT_URL") ?? text("S3_ENDPOINT")
    if let bare = endpoint, !bare.contains("://") {
      endpoint = (isOn("S3_USE_HTTPS") ?? true ? "https://" : "http://") + bare
    }
    if let identifier = text("AWS_ACCESS_KEY_ID"), let secret = text("AWS_SECRET_ACCESS_KEY") {
      key = AWSSignature.Key(identifier: identifier, secret: secret, sessionToken: text("AWS_SESSION_TOKEN"))
    }
    isAnonymous = isOn("awsAnonymousCredential") ?? false
    usesVirtualBucket = isOn("S3_USER_VIRTUAL_BUCKET") ?? isOn("S3_USE_VIRTUAL_BUCKET")
    usesAcceleration = isOn("S3_USE_ACCELERATE") ?? false
    checksServer = isOn("S3_VERIFY_SSL") ?? true
    authorities = text("AWS_CA_BUNDLE") ?? Trust(environment: environment).authorities
    concurrency = Self.number(text("S3_MAX_FILE_CONCURRENCY"), in: 1...64) ?? concurrency
    attempts = Self.number(text("S3_MAX_ATTEMPTS"), in: 1...20) ?? attempts
    readTimeoutSeconds = Self.number(text("S3_READ_TIMEOUT"), in: 1...86_400) ?? readTimeoutSeconds
    if let seconds = Self.number(text("S3_CONNECT_TIMEOUT"), in: 1...3600) {
      connectTimeoutMilliseconds = seconds * 1000
    }
    try apply(text("STORAGE_CONFIG"), named: "STORAGE_CONFIG")
    try apply(text("STORAGE_OVERRIDE_CONFIG"), named: "STORAGE_OVERRIDE_CONFIG")
    if isAnonymous { key = nil }
  }

  /// An entry of a `storage-config` secret: JSON with `access_key_id`, `endpoint_url`, `region`, ….
  private mutating func apply(_ entry: String?, named name: String) throws(StorageError) {
    guard let entry else { return }
    guard let json = try? JSONValue(parsing: Array(entry.utf8)), json.object != nil else {
      throw StorageError(.badSource, "\(name) is no JSON object; correct the entry of the storage secret")
    }
    let text = { (key: String) in json[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    if let given = text("endpoint_url") { endpoint = given.contains("://") ? given : "https://\(given)" }
    if let given = text("region") { region = given }
    if let identifier = text("access_key_id"), let secret = text("secret_access_key") {
      key = AWSSignature.Key(identifier: identifier, secret: secret)
    }
    if let given = Self.flag(json["verify_ssl"]) { checksServer = given }
    if let given = Self.flag(json["anonymous"]) { isAnonymous = given }
    if let given = text("ca_bundle") { authorities = given }
  }

  private static func flag(_ value: JSONValue?) -> Bool? { value?.bool ?? value?.string.map { isTrue($0) } }

  private static func isTrue(_ text: String) -> Bool { ["1", "true", "yes"].contains(text.lowercased()) }

  private static func number(_ text: String?, in range: ClosedRange<Int>) -> Int? {
    text.flatMap { Int($0) }.map { min(max($0, range.lowerBound), range.upperBound) }
  }
}
