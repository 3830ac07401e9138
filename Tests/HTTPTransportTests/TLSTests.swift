import Basics
import Crypto
import HTTPTransport
import HTTPWire
import Linux
import Testing

@Suite(.timeLimit(.minutes(2))) struct TLSTests {
  private struct Material {
    let authority: CertificateAuthority
    let server: TLSServerContext
    let authorityPEM: String
  }

  private func material(names: [String] = [], acceptsClients: Bool = false) throws -> Material {
    let now = SystemClock().now()
    let authority = try CertificateAuthority.generate(commonName: "test authority", now: now)
    let leaf = try authority.issue(commonName: "test server", names: names, now: now)
    let authorityPEM = try authority.certificate.pem()
    let server = try TLSServerContext(
      certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM,
      clientAuthorityPEM: acceptsClients ? authorityPEM : nil)
    return Material(authority: authority, server: server, authorityPEM: authorityPEM)
  }

  private func status(
    _ client: HTTPClient, _ url: String, connectTo: ListenAddress? = nil
  ) async -> Result<Int, HTTPClientError> {
    do {
      return .success(try await client.send(.init(url: url, connectTo: connectTo)).head.status)
    } catch let error as HTTPClientError {
      return .failure(error)
    } catch {
      return .failure(HTTPClientError(.connect, "\(error)"))
    }
  }

  @Test func requestsGoThroughTLSInBothDirections() async throws {
    let material = try material()
    try await withServer(.buffered(EchoHandler()), tls: material.server) { address, group, _ in
      let client = HTTPClient(group: group, tls: try TLSClientContext(authorityPEM: material.authorityPEM))
      let body = Bytes(repeating: 98, count: 2 << 20)
      for host in ["127.0.0.1", "localhost"] {
        let url = "https://\(host):\(address.port)"
        let answer = try await client.send(.init(method: "POST", url: url + "/p", body: body))
        #expect(answer.body.count == body.count + 8)
        let found1 = try await client.send(.init(url: url + "/large")).body.count
        #expect(found1 == 4 << 20)
        let found2 = try await client.send(.init(url: url + "/chunks")).body
        #expect(found2 == Bytes("onethree".utf8))
      }
    }
  }

  @Test func anotherAuthorityIsRefused() async throws {
    let material = try material()
    let other = try CertificateAuthority.generate(commonName: "other", now: SystemClock().now())
    try await withServer(.buffered(EchoHandler()), tls: material.server) { address, group, _ in
      let client = HTTPClient(
        group: group, tls: try TLSClientContext(authorityPEM: try other.certificate.pem()))
      let result = await status(client, "https://127.0.0.1:\(address.port)/")
      #expect(throws: HTTPClientError.self) { try result.get() }
      if case .failure(let error) = result {
        #expect(error.code == .tls)
        #expect(error.message.contains("certificate was refused"), "\(error)")
      }
    }
  }

  @Test func theNameMustBeTheCertificates() async throws {
    let material = try material(names: ["models.example"])
    try await withServer(.buffered(EchoHandler()), tls: material.server) { address, group, _ in
      let client = HTTPClient(group: group, tls: try TLSClientContext(authorityPEM: material.authorityPEM))
      let found3 = try await status(client, "https://models.example/", connectTo: address).get()
      #expect(found3 == 200)
      for wrong in ["https://other.example/", "https://127.0.0.2/", "https://xmodels.example/"] {
        let result = await status(client, wrong, connectTo: address)
        #expect(throws: HTTPClientError.self, "\(wrong)") { try result.get() }
      }
    }
  }

  @Test func clientCertificatesAreCheckedAgainstTheirAuthority() async throws {
    let material = try material(acceptsClients: true)
    let now = SystemClock().now()
    let good = try material.authority.issue(commonName: "user", usage: .client, now: now)
    let strange = try CertificateAuthority.generate(commonName: "strange", now: now)
      .issue(commonName: "user", usage: .client, now: now)
    try await withServer(.buffered(EchoHandler()), tls: material.server) { address, group, _ in
      let url = "https://127.0.0.1:\(address.port)/"
      func result(_ pair: CertificateAndKey?) async throws -> Result<Int, HTTPClientError> {
        let tls = try TLSClientContext(
          authorityPEM: material.authorityPEM, certificatePEM: pair?.certificatePEM, keyPEM: pair?.keyPEM)
        return await status(HTTPClient(group: group, tls: tls), url)
      }
      let found4 = try await result(good).get()
      #expect(found4 == 200)
      let found5 = try await result(nil).get()
      #expect(found5 == 200)
      let refused = try await result(strange)
      #expect(throws: HTTPClientError.self) { try refused.get() }
    }
  }

  @Test func plainBytesOnATLSPortEndTheConnection() async throws {
    let material = try material()
    let answer = try await withServer(.buffered(EchoHandler()), tls: material.server) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return try client.readAll()
      }
    }
    #expect(!answer.contains("200"))
  }

  @Test func keysThatDoNotBelongAreRefusedAtOnce() throws {
    let now = SystemClock().now()
    let authority = try CertificateAuthority.generate(commonName: "a", now: now)
    let one = try authority.issue(commonName: "one", now: now)
    let two = try authority.issue(commonName: "two", now: now)
    #expect(throws: TLSError.self) {
      try TLSServerContext(certificatePEM: one.certificatePEM, keyPEM: two.keyPEM)
    }
    #expect(throws: TLSError.self) { try TLSServerContext(certificatePEM: "garbage", keyPEM: one.keyPEM) }
    #expect(throws: TLSError.self) {
      try TLSServerContext(certificatePEM: one.certificatePEM, keyPEM: "garbage")
    }
    #expect(throws: TLSError.self) { try TLSClientContext(authorityPEM: "garbage") }
  }

  @Test func aStreamOverTLSIsCancelledWhenItsReaderLeaves() async throws {
    let material = try material()
    let ended = Signal()
    let handler = ClosureHandler.helloThenSilence(ended: ended)
    try await withServer(.async(handler), tls: material.server) { address, group, _ in
      let client = HTTPClient(group: group, tls: try TLSClientContext(authorityPEM: material.authorityPEM))
      let watching = Task {
        let answer = try await client.stream(.init(url: "https://localhost:\(address.port)/"))
        for try await piece in answer.body { return piece }
        return Bytes()
      }
      let found6 = try await watching.value
      #expect(found6 == Bytes("hello".utf8))
      await ended.wait()
    }
  }
}
