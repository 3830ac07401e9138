internal import Basics
internal import Crypto
internal import Formats
internal import KubeProtocol
internal import Synchronization

/// Signed tokens of ServiceAccounts (RFC 7519, RS256), as upstream's TokenRequest issues them.
final class ServiceAccountTokens: Sendable {
  /// What a token says of its bearer.
  struct Claims: Sendable, Hashable {
    var namespace: String
    var name: String
    var uid: String
    var audiences: [String]
    var podName: String?
    var podUID: String?
    var expires: Int64
  }

  static let issuer = "https://kubernetes.default.svc.cluster.local"
  private static let maximumBytes = 16 << 10

  private let key: PrivateKey
  private let keyIdentifier: String
  /// Digests of tokens whose signature was found right, so that it is checked once per token.
  private let known = Mutex<[Bytes: Claims]>([:])
  private static let maximumKnown = 1024

  /// - Parameter keyPEM: nil makes a key that is gone with the server.
  init(keyPEM: String?) throws(CryptoError) {
    if let keyPEM { key = try PrivateKey(pem: keyPEM) } else { key = try PrivateKey.generateRSA() }
    keyIdentifier = Self.encode(SHA256.digest(try key.pem()).prefix(24))
  }

  func sign(_ claims: Claims, issued: Int64, identifier: String) throws(CryptoError) -> String {
    var kubernetes: JSONValue = [
      "namespace": .string(claims.namespace),
      "serviceaccount": ["name": .string(claims.name), "uid": .string(claims.uid)],
    ]
    if let podName = claims.podName {
      kubernetes["pod"] = ["name": .string(podName), "uid": .string(claims.podUID ?? "")]
    }
    let header: JSONValue = ["alg": "RS256", "kid": .string(keyIdentifier)]
    let payload: JSONValue = [
      "aud": .array(claims.audiences.map { .string($0) }), "exp": .int(claims.expires), "iat": .int(issued),
      "iss": .string(Self.issuer), "jti": .string(identifier), "kubernetes.io": kubernetes,
      "nbf": .int(issued), "sub": .string("system:serviceaccount:\(claims.namespace):\(claims.name)"),
    ]
    let text = Self.encode(header.encoded()) + "." + Self.encode(payload.encoded())
    return text + "." + Self.encode(try key.signSHA256(Bytes(text.utf8)))
  }

  /// Nil for everything that is no token of this server's that holds now, for this audience.
  func verify(_ token: String, now: Int64, audience: String = issuer) -> Claims? {
    guard token.utf8.count <= Self.maximumBytes else { return nil }
    let digest = SHA256.digest(token)
    let claims = known.withLock { $0[digest] } ?? check(token)
    guard let claims else { return nil }
    known.withLock { known in
      if known.count >= Self.maximumKnown { known.removeAll() }
      known[digest] = claims
    }
    return claims.expires > now && claims.audiences.contains(audience) ? claims : nil
  }

  private func check(_ token: String) -> Claims? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let signature = Self.decode(parts[2]), let head = Self.json(parts[0]),
      head["alg"] == "RS256", key.verifySHA256(signature, of: Bytes("\(parts[0]).\(parts[1])".utf8)),
      let payload = Self.json(parts[1]), payload["iss"]?.string == Self.issuer,
      let expires = payload["exp"]?.int, let kubernetes = payload["kubernetes.io"],
      let namespace = kubernetes["namespace"]?.string,
      let name = kubernetes.at("serviceaccount", "name")?.string,
      let uid = kubernetes.at("serviceaccount", "uid")?.string
    else { return nil }
    return Claims(
      namespace: namespace, name: name, uid: uid,
      audiences: (payload["aud"]?.array ?? []).compactMap(\.string),
      podName: kubernetes.at("pod", "name")?.string, podUID: kubernetes.at("pod", "uid")?.string,
      expires: expires)
  }

  private static func json(_ part: String) -> JSONValue? {
    decode(part).flatMap { try? JSONValue(parsing: $0, limits: JSONLimits(depth: 16, bytes: maximumBytes)) }
  }

  private static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Base64.encode(Bytes(bytes)).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private static func decode(_ text: String) -> Bytes? {
    let plain = text.replacing("-", with: "+").replacing("_", with: "/")
    return Base64.decode(plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
  }
}
