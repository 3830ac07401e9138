internal import Basics
internal import Linux
internal import Synchronization
internal import XML

/// A bucket that speaks Amazon's S3 protocol: AWS, MinIO, Ceph, ….
final class S3Bucket: ObjectStore {
  let source: String
  private let bucket: String
  private let settings: S3Settings
  private let clock: any WallClock
  /// The store corrects a wrong one.
  private let region: Mutex<String>

  private static let pageByteLimit = 8 << 20

  init(_ bucket: String, source: String, settings: S3Settings, clock: any WallClock = SystemClock()) {
    self.bucket = bucket
    self.source = source
    self.settings = settings
    self.clock = clock
    region = Mutex(settings.region)
  }

  // MARK: listing

  func page(prefix: String, token: String?) throws(StorageError) -> ObjectPage {
    var query: [(name: String, value: String)] = [("list-type", "2"), ("prefix", prefix)]
    if let token { query.append(("continuation-token", token)) }
    var (answer, body) = try download.text(request("", query), limit: Self.pageByteLimit)
    if !answer.isSuccess, let other = otherRegion(body) {
      region.withLock { $0 = other }
      (answer, body) = try download.text(request("", query), limit: Self.pageByteLimit)
    }
    guard answer.isSuccess else { throw failure(answer.status, body) }
    guard let root = try? XMLReader.read(body), root.name == "ListBucketResult" else {
      throw StorageError(.downloadFailed, "\(source): the listing of the bucket is no ListBucketResult")
    }
    let objects = root.all("Contents").compactMap { entry in
      entry.first("Key").map {
        StoredObject(name: $0.text, size: entry.first("Size").flatMap { Int64($0.text) })
      }
    }
    let isCut = root.first("IsTruncated")?.text == "true"
    return ObjectPage(objects: objects, next: isCut ? root.first("NextContinuationToken")?.text : nil)
  }

  /// Where the store says that the bucket lies.
  private func otherRegion(_ body: Bytes) -> String? {
    guard let region = (try? XMLReader.read(body))?.first("Region")?.text, !region.isEmpty,
      region.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) || (97...122).contains($0) })
    else { return nil }
    return self.region.withLock { $0 } == region ? nil : region
  }

  // MARK: objects

  func download(_ object: StoredObject, to path: String) throws(StorageError) {
    let answer = try download.file(request(object.name, []), to: path)
    guard answer.isSuccess else { throw failure(answer.status, []) }
    if let size = object.size, size != answer.bytes {
      throw StorageError(
        .downloadFailed,
        "\(source): '\(object.name)' came with \(answer.bytes) bytes instead of \(size); fetch it again")
    }
  }

  // MARK: requests

  private var download: Download {
    var download = Download(source: source)
    download.attempts = settings.attempts
    download.connectTimeoutMilliseconds = settings.connectTimeoutMilliseconds
    download.stallSeconds = settings.readTimeoutSeconds
    download.trust = .init(authorities: settings.authorities, checksServer: settings.checksServer)
    return download
  }

  private func request(_ key: String, _ query: [(name: String, value: String)]) -> Download.Request {
    let region = region.withLock { $0 }
    var (scheme, host, base) = address(region)
    if isVirtual(host) {
      host = "\(bucket).\(host)"
    } else {
      base += "/\(PercentEncoding.component(bucket))"
    }
    // Unlike Kubernetes' paths, these encode everything but slashes.
    let path =
      "\(base)/"
      + key.split(separator: "/", omittingEmptySubsequences: false).map {
        PercentEncoding.component(String($0))
      }.joined(separator: "/")
    let text = AWSSignature.canonicalQuery(query)
    let url = "\(scheme)://\(host)\(path)\(text.isEmpty ? "" : "?\(text)")"
    guard let signingKey = settings.key else { return Download.Request(url) }
    let signature = AWSSignature(key: signingKey, region: region)
    return Download.Request(
      url, headers: signature.headers(host: host, path: path, query: query, at: clock.now()))
  }

  /// Scheme, host with port, and path without a slash at its end.
  private func address(_ region: String) -> (scheme: String, host: String, base: String) {
    if settings.usesAcceleration && settings.endpoint == nil {
      return ("https", "s3-accelerate.amazonaws.com", "")
    }
    let endpoint = settings.endpoint ?? "https://s3.\(region).amazonaws.com"
    let parts = endpoint.split(separator: "://", maxSplits: 1)
    let scheme = parts.count == 2 && parts[0] == "http" ? "http" : "https"
    let rest = parts.last ?? ""
    var host = String(rest.prefix { $0 != "/" })
    var base = String(rest.dropFirst(host.count))
    while base.hasSuffix("/") { base.removeLast() }
    // The Host header has no default port.
    if host.hasSuffix(scheme == "http" ? ":80" : ":443") { host.removeLast(scheme == "http" ? 3 : 4) }
    return (scheme, host, base)
  }

  /// Buckets are part of AWS' host names, unless a dot in them would break its certificate; other stores have
  /// them in the path.
  private func isVirtual(_ host: String) -> Bool {
    if let given = settings.usesVirtualBucket { return given }
    return host.hasSuffix(".amazonaws.com") && !bucket.contains(".")
  }

  // MARK: failures

  private func failure(_ status: Int, _ body: Bytes) -> StorageError {
    let error = try? XMLReader.read(body)
    let code = String((error?.first("Code")?.text ?? "").prefix(100))
    let access = settings.key == nil ? "without credentials" : "with the given credentials"
    switch code {
    case "NoSuchBucket":
      return StorageError(
        .sourceNotFound, "\(source): the bucket '\(bucket)' does not exist; check it for typing errors")
    case "InvalidAccessKeyId":
      return StorageError(
        .accessDenied, "\(source): the store does not know the access key; correct the Secret's access key id"
      )
    case "SignatureDoesNotMatch":
      return StorageError(
        .accessDenied,
        "\(source): the secret access key is not the one of the access key id; correct the Secret")
    case "ExpiredToken", "TokenRefreshRequired":
      return StorageError(.accessDenied, "\(source): the session token has expired; renew it")
    case "RequestTimeTooSkewed":
      return StorageError(.accessDenied, "\(source): this machine's clock is wrong; set it")
    default: break
    }
    if status == 401 || status == 403 {
      return StorageError(
        .accessDenied,
        "\(source) answered \(status)\(code.isEmpty ? "" : " (\(code))") \(access); "
          + "give the service's ServiceAccount a Secret with a key that may read it")
    }
    if status == 301 || status == 307 || status == 400, !code.isEmpty {
      return StorageError(
        .badSource, "\(source) answered \(status) (\(code)); check endpoint, region and bucket")
    }
    return .status(status, source)
  }
}
