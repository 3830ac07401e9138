internal import Basics
internal import Crypto
internal import Formats
internal import Linux

/// Lets a request into Google's APIs.
struct GoogleToken: Sendable {
  let text: String
  /// Whose token it is, for messages.
  let account: String

  private static let scope = "https://www.googleapis.com/auth/devstorage.read_only"
  private static let lifetime: Int64 = 3600
  private static let answerLimit = 1 << 20
  private static let fileLimit = 1 << 20

  /// From a credentials file as `GOOGLE_APPLICATION_CREDENTIALS` names it: of a service account (a signed JWT
  /// is exchanged for a token) or of a user (by a refresh token).
  static func make(file: String, source: String, clock: any WallClock) throws(StorageError) -> GoogleToken {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: try Files.read(file, limit: fileLimit))
    } catch let error as LinuxError {
      throw StorageError(.accessDenied, "the credentials file \(file) cannot be read: \(error.reason)")
    } catch {
      throw StorageError(.accessDenied, "the credentials file \(file) is no JSON; store the key file anew")
    }
    let body: String
    let account: String
    switch json["type"]?.string {
    case "service_account":
      account = try text(json, "client_email", file)
      body = try assertion(json, account: account, file: file, clock: clock)
    case "authorized_user":
      account = "the user of \(file)"
      let fields = [
        ("grant_type", "refresh_token"), ("client_id", try text(json, "client_id", file)),
        ("client_secret", try text(json, "client_secret", file)),
        ("refresh_token", try text(json, "refresh_token", file)),
      ]
      body = fields.map { "\($0.0)=\(PercentEncoding.component($0.1))" }.joined(separator: "&")
    case let type:
      throw StorageError(
        .accessDenied,
        "the credentials file \(file) is of type '\(type ?? "")'; service_account and authorized_user "
          + "are known"
      )
    }
    let address = json["token_uri"]?.string ?? "https://oauth2.googleapis.com/token"
    return try exchange(body, at: address, account: account, source: source)
  }

  private static func exchange(
    _ body: String, at address: String, account: String, source: String
  ) throws(StorageError) -> GoogleToken {
    let (answer, bytes) = try Download(source: source).text(.init(address, body: body), limit: answerLimit)
    let json = try? JSONValue(parsing: bytes)
    guard answer.isSuccess, let token = json?["access_token"]?.string,
      token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      let reason = json?["error_description"]?.string ?? json?["error"]?.string ?? "status \(answer.status)"
      throw StorageError(
        .accessDenied,
        "\(source): \(address) gives \(account) no token: \(reason.prefix(300)); renew the key file")
    }
    return GoogleToken(text: token, account: account)
  }

  /// RFC 7523: a JWT, signed with the account's key.
  private static func assertion(
    _ json: JSONValue, account: String, file: String, clock: any WallClock
  ) throws(StorageError) -> String {
    let now = clock.now().seconds
    var header: JSONValue = ["alg": "RS256", "typ": "JWT"]
    if let identifier = json["private_key_id"]?.string { header["kid"] = .string(identifier) }
    let claims: JSONValue = [
      "iss": .string(account), "scope": .string(scope),
      "aud": .string(json["token_uri"]?.string ?? "https://oauth2.googleapis.com/token"),
      "iat": .int(now), "exp": .int(now &+ lifetime),
    ]
    let message = [header, claims].map { Base64.encodeURL(Bytes($0.encodedText.utf8)) }.joined(separator: ".")
    let signature: Bytes
    do {
      let key = try PrivateKey(pem: try text(json, "private_key", file))
      signature = try key.signSHA256(Bytes(message.utf8))
    } catch let error as StorageError {
      throw error
    } catch {
      throw StorageError(.accessDenied, "the private key in \(file) cannot be used; store the key file anew")
    }
    return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=\(message)."
      + Base64.encodeURL(signature)
  }

  private static func text(_ json: JSONValue, _ key: String, _ file: String) throws(StorageError) -> String {
    guard let value = json[key]?.string, !value.isEmpty else {
      throw StorageError(
        .accessDenied, "the credentials file \(file) lacks '\(key)'; store the key file anew")
    }
    return value
  }
}
