internal import Basics
internal import Formats
internal import Linux

/// A bucket of Cloud Storage, over its JSON API.
struct GoogleBucket: ObjectStore {
  let source: String
  let bucket: String
  /// Without slash at its end.
  let host: String
  /// Nil for anonymous access.
  let token: GoogleToken?

  private static let pageByteLimit = 8 << 20

  func page(prefix: String, token page: String?) throws(StorageError) -> ObjectPage {
    var url = "\(host)/storage/v1/b/\(PercentEncoding.component(bucket))/o"
    url += "?prefix=\(PercentEncoding.component(prefix))&fields=nextPageToken,items(name,size,md5Hash)"
    if let page { url += "&pageToken=\(PercentEncoding.component(page))" }
    let (answer, body) = try Download(source: source).text(request(url), limit: Self.pageByteLimit)
    guard answer.isSuccess else { throw failure(answer.status) }
    guard let json = try? JSONValue(parsing: body) else {
      throw StorageError(.downloadFailed, "\(source): the listing of the bucket is no JSON")
    }
    let objects = (json["items"]?.array ?? []).compactMap { item in
      item["name"]?.string.map { StoredObject(name: $0, md5: item["md5Hash"]?.string) }
    }
    return ObjectPage(objects: objects, next: json["nextPageToken"]?.string)
  }

  func download(_ object: StoredObject, to path: String) throws(StorageError) {
    let url =
      "\(host)/storage/v1/b/\(PercentEncoding.component(bucket))/o/"
      + "\(PercentEncoding.component(object.name))?alt=media"
    let answer = try Download(source: source).file(request(url), to: path)
    guard answer.isSuccess else { throw failure(answer.status) }
    guard let expected = object.md5 else { return }
    let found = try FileDigest.md5(path)
    guard found == expected else {
      try? Files.removeFile(path)
      throw StorageError(
        .checksumMismatch,
        "\(source): the MD5 of '\(object.name)' is \(found), the store's checksum says \(expected); "
          + "upload the file again")
    }
  }

  private func request(_ url: String) -> Download.Request {
    Download.Request(url, headers: token.map { [("Authorization", "Bearer \($0.text)")] } ?? [])
  }

  private func failure(_ status: Int) -> StorageError {
    guard status == 401 || status == 403, let token else { return .status(status, source) }
    return StorageError(
      .accessDenied,
      "\(source) answered \(status) to \(token.account); give that account the role Storage Object Viewer")
  }
}
