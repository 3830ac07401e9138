public import Linux

/// `s3://bucket/prefix`, from AWS or any store that speaks its protocol.
public struct S3Storage: StorageScheme {
  private let environment: @Sendable (String) -> String?

  /// - Parameter environment: where credentials and endpoint stand; see `S3Settings`.
  public init(
    environment: @escaping @Sendable (String) -> String? = { ProcessEnvironment.variable($0) }
  ) { self.environment = environment }

  public func matches(_ source: String) -> Bool { source.hasPrefix("s3://") }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let parts = source.dropFirst("s3://".count).split(separator: "/", maxSplits: 1)
    guard let bucket = parts.first, !bucket.isEmpty else {
      throw StorageError(.badSource, "\(source) names no bucket: the form is s3://<bucket>/<path>")
    }
    let settings = try S3Settings(environment: environment)
    let store = S3Bucket(String(bucket), source: source, settings: settings)
    return try ObjectFetch(store: store, concurrency: settings.concurrency)
      .run(prefix: parts.count > 1 ? String(parts[1]) : "", into: destination)
  }
}
