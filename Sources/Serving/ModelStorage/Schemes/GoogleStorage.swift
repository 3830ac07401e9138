internal import Basics
internal import Formats
public import Linux

/// `gs://bucket/prefix` over Cloud Storage's JSON API, without credentials. `STORAGE_EMULATOR_HOST` moves the
/// address.
public struct GoogleStorage: StorageScheme {
  private let host: String

  private static let pageLimit = 1000
  private static let pageByteLimit = 8 << 20
  private static let objectLimit = 10_000
  private static let nameByteLimit = 4 << 20

  public init(host: String? = ProcessEnvironment.variable("STORAGE_EMULATOR_HOST")) {
    var address = host.flatMap { $0.isEmpty ? nil : $0 } ?? "https://storage.googleapis.com"
    if !address.contains("://") { address = "http://" + address }
    while address.hasSuffix("/") { address.removeLast() }
    self.host = address
  }

  public func matches(_ source: String) -> Bool { source.hasPrefix("gs://") }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> Int {
    let parts = source.dropFirst("gs://".count).split(separator: "/", maxSplits: 1)
    guard let bucket = parts.first, !bucket.isEmpty else {
      throw StorageError(.badSource, "\(source) names no bucket: the form is gs://<bucket>/<path>")
    }
    var prefix = parts.count > 1 ? String(parts[1]) : ""
    while prefix.hasSuffix("/") { prefix.removeLast() }
    let names = try objects(bucket: String(bucket), prefix: prefix, source: source)
    for name in names {
      let relative =
        name == prefix ? lastPart(name) : String(name.dropFirst(prefix.isEmpty ? 0 : prefix.count + 1))
      let path = try ObjectPath.validated(relative, source: source)
      try download(bucket: String(bucket), object: name, to: "\(destination)/\(path)", source: source)
    }
    return names.count
  }

  /// The objects at the prefix: the one of exactly that name, and those below it as a folder.
  private func objects(bucket: String, prefix: String, source: String) throws(StorageError) -> [String] {
    var names: [String] = []
    var nameBytes = 0
    var token: String?
    for _ in 0..<Self.pageLimit {
      let (pageNames, next) = try page(bucket: bucket, prefix: prefix, token: token, source: source)
      for name in pageNames where prefix.isEmpty || name == prefix || name.hasPrefix(prefix + "/") {
        names.append(name)
        nameBytes += name.utf8.count
      }
      if names.count > Self.objectLimit || nameBytes > Self.nameByteLimit { break }
      guard let next else { return names }
      guard next != token else {
        throw StorageError(.downloadFailed, "\(source): the store names the same next page again and again")
      }
      token = next
    }
    throw StorageError(
      .badSource,
      "\(source) holds more than \(Self.objectLimit) objects, too many for a model folder; narrow the path")
  }

  /// One page of the listing: its objects' names, folders' markers aside, and the next page's token.
  private func page(
    bucket: String, prefix: String, token: String?, source: String
  ) throws(StorageError) -> (names: [String], next: String?) {
    var url = "\(host)/storage/v1/b/\(PercentEncoding.component(bucket))/o"
    url += "?prefix=\(PercentEncoding.component(prefix))&fields=nextPageToken,items(name,size)"
    if let token { url += "&pageToken=\(PercentEncoding.component(token))" }
    let (answer, body) = try Download(source: source).text(url, limit: Self.pageByteLimit)
    guard (200..<300).contains(answer.status) else { throw .status(answer.status, source) }
    guard let page = try? JSONValue(parsing: body) else {
      throw StorageError(.downloadFailed, "\(source): the listing of the bucket is no JSON")
    }
    let names = (page["items"]?.array ?? []).compactMap { $0["name"]?.string }.filter { !$0.hasSuffix("/") }
    return (names, page["nextPageToken"]?.string)
  }

  private func download(bucket: String, object: String, to path: String, source: String) throws(StorageError)
  {
    let url =
      "\(host)/storage/v1/b/\(PercentEncoding.component(bucket))/o/"
      + "\(PercentEncoding.component(object))?alt=media"
    let answer = try Download(source: source).file(url, to: path)
    guard (200..<300).contains(answer.status) else { throw .status(answer.status, source) }
  }

  private func lastPart(_ name: String) -> String { name.split(separator: "/").last.map(String.init) ?? name }
}
