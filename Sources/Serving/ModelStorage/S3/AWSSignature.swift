internal import Basics
internal import Crypto

/// Signs requests by AWS Signature Version 4, for GETs without a body. The canonical form is made here, not
/// by libcurl: its versions differ in how they treat paths and queries.
struct AWSSignature {
  struct Key: Sendable, Hashable {
    var identifier: String
    var secret: String
    /// Of temporary credentials.
    var sessionToken: String?
  }

  let key: Key
  let region: String

  private static let emptyPayload = SHA256.hexadecimal("")

  /// - Parameters:
  ///   - host: as the `Host` header has it, with the port where it is no default one.
  ///   - path: percent-encoded.
  ///   - query: in any order, not encoded.
  /// - Returns: the headers to send beside `Host`.
  func headers(
    host: String, path: String, query: [(name: String, value: String)], at now: Timestamp
  ) -> [(name: String, value: String)] {
    let stamp = now.rfc3339.filter { $0 != "-" && $0 != ":" }
    let day = String(stamp.prefix(8))
    var headers: [(name: String, value: String)] = [
      ("host", host), ("x-amz-content-sha256", Self.emptyPayload), ("x-amz-date", stamp),
    ]
    if let token = key.sessionToken { headers.append(("x-amz-security-token", token)) }
    let names = headers.map(\.name).joined(separator: ";")
    let canonical = [
      "GET", path, Self.canonicalQuery(query), headers.map { "\($0.name):\($0.value)\n" }.joined(), names,
      Self.emptyPayload,
    ].joined(separator: "\n")
    let scope = "\(day)/\(region)/s3/aws4_request"
    let message = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(SHA256.hexadecimal(canonical))"
    let signature = Hexadecimal.encode(HMACSHA256.authenticate(Bytes(message.utf8), key: signingKey(day)))
    let authorization =
      "AWS4-HMAC-SHA256 Credential=\(key.identifier)/\(scope), SignedHeaders=\(names), "
      + "Signature=\(signature)"
    return Array(headers.dropFirst()) + [("Authorization", authorization)]
  }

  /// Sorted and encoded as both the signature and the URL have it.
  static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
    query.map { (PercentEncoding.component($0.name), PercentEncoding.component($0.value)) }
      .sorted { $0 < $1 }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  private func signingKey(_ day: String) -> Bytes {
    [day, region, "s3", "aws4_request"].reduce(Bytes("AWS4\(key.secret)".utf8)) { key, part in
      HMACSHA256.authenticate(Bytes(part.utf8), key: key)
    }
  }
}
