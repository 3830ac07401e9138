import Basics
import Crypto
import Formats
import HTTPTransport
import HTTPWire
import Linux
import Testing

@testable import ModelStorage

@Suite struct GoogleTokenTests {
  private struct Fixed: WallClock {
    func now() -> Timestamp { Timestamp(seconds: 1_000_000) }
    func monotonicNow() -> Duration { .zero }
  }

  @Test func aServiceAccountsKeyIsExchangedForAToken() async throws {
    let key = try PrivateKey.generateRSA()
    let pem = try key.pem()
    try await TokenServer.with(key) { address in
      try TemporaryFolder.with { folder in
        let json: JSONValue = [
          "type": "service_account", "client_email": "robot@project", "private_key": .string(pem),
          "private_key_id": "k1", "token_uri": .string("\(address)/token"),
        ]
        let file = "\(folder.path)/key.json"
        try Files.writeAtomically(Bytes(json.encodedText.utf8), to: file)
        let token = try GoogleToken.make(file: file, source: "gs://b/p", clock: Fixed())
        #expect(token.text == "issued")
        #expect(token.account == "robot@project")
      }
    }
  }

  @Test(arguments: [
    ("{", "no JSON"), ("{}", "type ''"), (#"{"type":"external_account"}"#, "external_account"),
    (#"{"type":"service_account"}"#, "client_email"),
    (#"{"type":"service_account","client_email":"x"}"#, "private_key"),
    (#"{"type":"service_account","client_email":"x","private_key":"y"}"#, "private key"),
    (#"{"type":"authorized_user","client_id":"x"}"#, "client_secret"),
  ])
  func filesThatAreNoCredentialsAreNamed(_ content: String, _ reason: String) throws {
    try TemporaryFolder.with { folder in
      let file = "\(folder.path)/key.json"
      try Files.writeAtomically(Bytes(content.utf8), to: file)
      let error = #expect(throws: StorageError.self) {
        try GoogleToken.make(file: file, source: "gs://b/p", clock: Fixed())
      }
      #expect(error?.code == .accessDenied)
      #expect(error?.message.contains(file) == true)
      #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
  }
}

/// Gives a token for an assertion that the key has signed.
private struct TokenServer: AsyncHTTPHandler {
  let key: PrivateKey

  static func with(_ key: PrivateKey, _ body: @escaping @Sendable (String) throws -> Void) async throws {
    try await StoreServer.with(TokenServer(key: key), body)
  }

  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    let body = request.body
    let text = String(decoding: body, as: UTF8.self)
    let parts = text.split(separator: "assertion=").last?.split(separator: ".") ?? []
    guard request.head.target == "/token", text.hasPrefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3A"),
      parts.count == 3,
      let claims = Base64.decodeURL(String(parts[1])).flatMap({ try? JSONValue(parsing: $0) }),
      let signature = Base64.decodeURL(String(parts[2])),
      key.verifySHA256(signature, of: Bytes("\(parts[0]).\(parts[1])".utf8)),
      claims["iss"]?.string == "robot@project", claims["exp"]?.int == 1_003_600
    else { return answer(400, #"{"error":"invalid_grant"}"#) }
    return answer(200, #"{"access_token":"issued","expires_in":3600}"#)
  }

  private func answer(_ status: Int, _ body: String) -> AsyncHTTPResponse {
    AsyncHTTPResponse(head: HTTPResponseHead(status: status), body: .bytes(Bytes(body.utf8)))
  }
}
