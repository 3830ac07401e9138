import Basics
import Crypto
import Linux
import Testing

@testable import HTTPTransport

@Suite struct TLSSessionTests {
  /// Passes what each has for the other until both have agreed.
  private func sessions() throws -> (server: TLSSession, client: TLSSession) {
    let now = SystemClock().now()
    let authority = try CertificateAuthority.generate(commonName: "test authority", now: now)
    let leaf = try authority.issue(commonName: "test server", names: [], now: now)
    let server = try TLSSession(
      TLSServerContext(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM))
    let client = try TLSSession(
      TLSClientContext(authorityPEM: try authority.certificate.pem()), serverName: "127.0.0.1")
    for _ in 0..<4 {
      _ = client.handshake()
      client.takeOutput { #expect(server.receive($0)) }
      _ = server.handshake()
      server.takeOutput { #expect(client.receive($0)) }
    }
    guard case .done = client.handshake(), case .done = server.handshake() else {
      throw TLSError("no handshake")
    }
    return (server, client)
  }

  @Test func aSessionKeepsNoMemoryOfALongAnswer() throws {
    let (server, client) = try sessions()
    let answer = Bytes((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
    #expect(answer.withUnsafeBytes { server.encrypt($0) })
    #expect(server.outputCapacity > answer.count)
    server.takeOutput { #expect(client.receive($0)) }
    #expect(server.outputCapacity <= TLSSession.keptCapacity)
    // It goes on as before, with little and with much.
    for piece in [Bytes("short".utf8), answer] {
      #expect(piece.withUnsafeBytes { server.encrypt($0) })
      server.takeOutput { #expect(client.receive($0)) }
    }
    var arrived: Bytes = []
    var room = Bytes(repeating: 0, count: 64 << 10)
    while case .bytes(let count) = room.withUnsafeMutableBytes({ client.decrypt(into: $0) }) {
      arrived += room[..<count]
    }
    #expect(arrived == answer + Bytes("short".utf8) + answer)
  }
}
