import Basics
import Crypto
import Formats
import HTTPTransport
import HTTPWire
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import Testing

@testable import APIServer

@Suite struct HTTPTests {
  private func handler(_ test: TestServer) -> APIServerHTTPHandler {
    APIServerHTTPHandler(server: test.server, tokens: ["secret"])
  }

  private func send(
    _ test: TestServer, _ method: String, _ target: String, headers: HTTPHeaders = [:],
    token: String? = "secret",
    body: String = ""
  ) async throws -> (status: Int, headers: HTTPHeaders, body: String) {
    var all = headers
    if let token { all.set("Authorization", "Bearer \(token)") }
    let response = await handler(test).respond(
      to: AsyncHTTPRequest(
        head: HTTPRequestHead(method: method, target: target, headers: all), body: Bytes(body.utf8)))
    guard case .bytes(let bytes) = response.body else {
      return (response.head.status, response.head.headers, "")
    }
    return (response.head.status, response.head.headers, String(decoding: bytes, as: UTF8.self))
  }

  @Test func onlyTheTokenLetsIn() async throws {
    try await TestServer.run { test in
      #expect(try await send(test, "GET", "/api/v1/pods").status == 200)
      for token in [nil, "", "secre", "secret2", "Secret"] {
        let answer = try await send(test, "GET", "/api/v1/pods", token: token)
        #expect(answer.status == 401)
        #expect(try JSONValue(parsing: answer.body)["reason"] == "Unauthorized")
      }
      #expect(try await send(test, "GET", "/healthz", token: nil).body == "ok")
      #expect(try await send(test, "GET", "/readyz?verbose", token: nil).status == 200)
    }
  }

  @Test func aPathThatIsNotThereIsToldWithDetails() async throws {
    try await TestServer.run { test in
      // kubectl debug reads the details without asking whether there are any.
      let answer = try await send(test, "PATCH", "/api/v1/namespaces/default/pods/p/ephemeralcontainers")
      #expect(answer.status == 404)
      let status = try JSONValue(parsing: answer.body)
      #expect(status["details"] == [:])
      #expect(status["reason"] == "NotFound")
    }
  }

  @Test func warningsBecomeHeaders() async throws {
    try await TestServer.run { test in
      let answer = try await send(
        test, "POST", "/api/v1/namespaces/default/configmaps?fieldManager=kubectl-create",
        headers: ["Content-Type": "application/json"], body: #"{"metadata":{"name":"a"},"dat":{}}"#)
      #expect(answer.status == 201)
      #expect(answer.headers["Warning"] == #"299 - "unknown field \"dat\"""#)
    }
  }

  @Test func mediaTypesAreNegotiated() async throws {
    try await TestServer.run { test in
      let protobuf = "application/vnd.kubernetes.protobuf"
      #expect(
        try await send(test, "GET", "/api/v1/pods", headers: ["Accept": "\(protobuf),application/json"])
          .status == 200)
      #expect(try await send(test, "GET", "/api/v1/pods", headers: ["Accept": protobuf]).status == 406)
      let unreadable = try await send(
        test, "POST", "/api/v1/namespaces/default/configmaps", headers: ["Content-Type": protobuf],
        body: "k8s")
      #expect(unreadable.status == 415)
      let unknown = try await send(
        test, "POST", "/api/v1/namespaces/default/configmaps", headers: ["Content-Type": "image/png"],
        body: "k8s")
      #expect(unknown.status == 415)
      let broken = try await send(test, "POST", "/api/v1/namespaces/default/configmaps", body: "{")
      #expect(broken.status == 400)
    }
  }

  @Test func queriesAreDecoded() async throws {
    try await TestServer.run { test in
      var object = KubeObject.configMap("a")
      object.labels = ["tier": "front"]
      try await test.client.create(.configMaps, object)
      let answer = try await send(
        test, "GET", "/api/v1/namespaces/default/configmaps?labelSelector=tier%20in%20%28front%2Cback%29")
      #expect(try JSONValue(parsing: answer.body)["items"]?.array?.count == 1)
      #expect(try await send(test, "GET", "/api/v1/pods?labelSelector=%zz").status == 400)
      #expect(try await send(test, "GET", "/api/v1/%ff").status == 400)
    }
  }

  @Test func logsAreStreamedFromTheNode() async throws {
    struct Node: NodeConnection {
      func logs(
        pod: KubeObject, container: String, options: LogOptions
      ) async throws -> AsyncThrowingStream<Bytes, any Error> {
        AsyncThrowingStream { continuation in
          continuation.yield(Bytes("\(pod.name)/\(container) \(options.tailLines ?? -1)\n".utf8))
          continuation.finish()
        }
      }
    }
    try await TestServer.run(nodeConnection: Node()) { test in
      try await test.client.create(.pods, .pod("p"))
      let response = try await test.server.send(
        KubeRequest(method: "GET", path: "/api/v1/namespaces/default/pods/p/log", query: [("tailLines", "5")])
      )
      guard case .stream(let chunks, let type) = response.body else {
        Issue.record("no stream")
        return
      }
      #expect(type == "text/plain")
      var text = Bytes()
      for try await chunk in chunks { text += chunk }
      #expect(String(decoding: text, as: UTF8.self) == "p/main 5\n")
      let wrong = try await test.get("/api/v1/namespaces/default/pods/p/log", query: [("container", "x")])
      #expect(wrong["message"] == "container x is not valid for pod p")
    }
  }

  @Test func credentialsAreMadeOnceAndKeptPrivate() async throws {
    let directory = "/tmp/apus-credentials-\(SystemRandom().next())"
    try Files.createDirectories(directory)
    defer { try? Files.removeTree(directory) }
    let first = try ClusterCredentials.load(dataDirectory: directory)
    let second = try ClusterCredentials.load(dataDirectory: directory)
    #expect(first.adminToken == second.adminToken && first.adminToken.utf8.count >= 32)
    #expect(first.serverCertificatePEM == second.serverCertificatePEM)
    for name in ["ca.key", "server.key", "admin.token"] {
      #expect(try Files.status("\(directory)/pki/\(name)").mode & 0o777 == 0o600)
    }
    // A name that the certificate lacks brings a new one from the same authority.
    let third = try ClusterCredentials.load(dataDirectory: directory, extraNames: ["apus.example.com"])
    #expect(third.serverCertificatePEM != first.serverCertificatePEM)
    #expect(third.authorityPEM == first.authorityPEM)
    let text = KubeconfigText.make(server: "https://127.0.0.1:6443", authorityPEM: "PEM", token: "t")
    let document = try YAML.parse(text).first
    #expect(document?["current-context"] == "apus")
    #expect(document?["clusters"]?[0]?["cluster"]?["certificate-authority-data"] == "UEVN")
  }

  @Test func clientsReachTheServerOverTLS() async throws {
    let directory = "/tmp/apus-tls-\(SystemRandom().next())"
    try Files.createDirectories(directory)
    defer { try? Files.removeTree(directory) }
    let credentials = try ClusterCredentials.load(dataDirectory: directory)
    try await TestServer.run { test in
      let group = try EventLoopGroup(loops: 1, name: "test-api")
      let server = HTTPServer(
        group: group,
        tls: try TLSServerContext(
          certificatePEM: credentials.serverCertificatePEM, keyPEM: credentials.serverKeyPEM),
        handler: .async(APIServerHTTPHandler(server: test.server, tokens: [credentials.adminToken])))
      let bound = try server.listen([ListenAddress(host: "127.0.0.1", port: 0)])
      let client = HTTPClient(group: group, tls: try TLSClientContext(authorityPEM: credentials.authorityPEM))
      let base = "https://127.0.0.1:\(bound[0].port)"
      let headers: HTTPHeaders = ["Authorization": "Bearer \(credentials.adminToken)"]
      let answer = try await client.send(
        HTTPClientRequest(method: "GET", url: base + "/api/v1/namespaces", headers: headers))
      #expect(answer.head.status == 200)
      #expect(try JSONValue(parsing: answer.body)["items"]?.array?.count == APIServer.defaultNamespaces.count)
      let watch = try await client.stream(
        HTTPClientRequest(
          method: "GET", url: base + "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0",
          headers: headers))
      try await test.client.create(.configMaps, .configMap("a"))
      var line = Bytes()
      for try await chunk in watch.body {
        line += chunk
        if line.last == UInt8(ascii: "\n") { break }
      }
      #expect(try JSONValue(parsing: line)["type"] == "ADDED")
      await server.drain(timeout: .seconds(1))
      await group.shutdown()
    }
  }
}
