internal import Basics
public import Linux

/// `gs://bucket/prefix` from Cloud Storage, with the credentials that `GOOGLE_APPLICATION_CREDENTIALS` names,
/// else as anybody. `STORAGE_EMULATOR_HOST` moves the address.
public struct GoogleStorage: StorageScheme {
  private let host: String
  private let credentials: String?

  public init(
    host: String? = ProcessEnvironment.variable("STORAGE_EMULATOR_HOST"),
    credentials: String? = ProcessEnvironment.variable("GOOGLE_APPLICATION_CREDENTIALS")
  ) {
    var address = host.flatMap { $0.isEmpty ? nil : $0 } ?? "https://storage.googleapis.com"
    if !address.contains("://") { address = "http://" + address }
    while address.hasSuffix("/") { address.removeLast() }
    self.host = address
    self.credentials = credentials.flatMap { $0.isEmpty ? nil : $0 }
  }

  public func matches(_ source: String) -> Bool { source.hasPrefix("gs://") }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let parts = source.dropFirst("gs://".count).split(separator: "/", maxSplits: 1)
    guard let bucket = parts.first, !bucket.isEmpty else {
      throw StorageError(.badSource, "\(source) names no bucket: the form is gs://<bucket>/<path>")
    }
    var token: GoogleToken?
    if let credentials {
      token = try GoogleToken.make(file: credentials, source: source, clock: SystemClock())
    }
    let store = GoogleBucket(source: source, bucket: String(bucket), host: host, token: token)
    return try ObjectFetch(store: store).run(
      prefix: parts.count > 1 ? String(parts[1]) : "", into: destination)
  }
}
