import Basics
import Crypto
import HTTPTransport
import HTTPWire
import Linux
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerRobustnessTests {
  private static let valid =
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

  /// Damaged requests in ASCII, so that they survive as text.
  private static func damaged(_ generator: inout SeededGenerator) -> String {
    var bytes = Bytes(valid.utf8)
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 0..<128, using: &generator)
      case 1: bytes.removeSubrange(index...)
      default: bytes.insert(contentsOf: Bytes(valid.utf8).prefix(index), at: index)
      }
      if bytes.isEmpty { return "x" }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func throwGarbage(at address: ListenAddress) async throws {
    try await onThread {
      var generator = SeededGenerator(seed: 11)
      for _ in 0..<300 {
        let client = try RawClient(address)
        try client.send(Self.damaged(&generator))
        client.socket.shutdownSending()
        _ = try client.readAll()
      }
    }
  }

  @Test func garbageHurtsNoFaceOfTheServer() async throws {
    let handler = ClosureHandler { request in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(request.body))
    }
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      try await throwGarbage(at: address)
      let after = try await HTTPClient(group: group).send(.init(url: "http://\(address)/"))
      #expect(after.head.status == 200)
    }
    try await withServer(.async(handler)) { address, group, _ in
      try await throwGarbage(at: address)
      let after = try await HTTPClient(group: group).send(.init(url: "http://\(address)/"))
      #expect(after.head.status == 200)
    }
  }

  @Test func garbageHurtsNoTLSServer() async throws {
    let now = SystemClock().now()
    let authority = try CertificateAuthority.generate(commonName: "a", now: now)
    let leaf = try authority.issue(commonName: "s", now: now)
    let tls = try TLSServerContext(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)
    try await withServer(.buffered(EchoHandler()), tls: tls) { address, group, _ in
      try await throwGarbage(at: address)
      let client = HTTPClient(
        group: group, tls: try TLSClientContext(authorityPEM: try authority.certificate.pem()))
      let after = try await client.send(.init(url: "https://\(address)/"))
      #expect(after.head.status == 200)
    }
  }

  @Test func serversListenOnIPv6AndSocketFiles() async throws {
    let group = try EventLoopGroup(loops: 1, name: "test")
    let server = HTTPServer(group: group, handler: .buffered(EchoHandler()))
    let path = "/tmp/apus-http-\(SystemRandom().uuid())"
    defer { try? Files.removeFile(path) }
    let bound = try server.listen([
      ListenAddress(host: "::1", port: 0), ListenAddress(host: "localhost", port: 0),
      ListenAddress(host: path, port: 0),
    ])
    let client = HTTPClient(group: group)
    let six = try await client.send(.init(url: "http://\(bound[0])/6"))
    #expect(six.body == Bytes("GET /6 ".utf8))
    #expect(bound[1].host == "127.0.0.1")
    let file = try await client.send(.init(url: "http://file/f", connectTo: bound[2]))
    #expect(file.body == Bytes("GET /f ".utf8))
    await server.drain(timeout: .zero)
    await group.shutdown()
  }

  @Test func thousandsOfConnectionsComeAndGo() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      try await onThread {
        for _ in 0..<20 {
          let clients = try (0..<100).map { _ in try RawClient(address) }
          for client in clients { try client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n") }
          // Half of them leave without reading.
          for client in clients.dropFirst(50) { _ = try client.read(through: "GET /1 ") }
        }
      }
      let after = try await HTTPClient(group: group).send(.init(url: "http://\(address)/"))
      #expect(after.head.status == 200)
    }
  }

  @Test func http10KeepsAConnectionWhereBothWant() async throws {
    let answer = try await withServer(.buffered(EchoHandler())) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let first = try client.read(through: "GET /1 ")
        try client.send("GET /close HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        return try first + client.readAll()
      }
    }
    #expect(answer.count(of: "HTTP/1.1 200 OK") == 2)
    #expect(answer.contains("Connection: keep-alive"))
    #expect(answer.contains("Connection: close"))
  }
}
