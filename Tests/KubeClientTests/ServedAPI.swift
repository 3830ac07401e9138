import APIServer
import Basics
import HTTPTransport
import KubeClient
import KubeStore
import Linux

/// An API server in memory, reached in one of the two ways.
struct ServedAPI: Sendable {
  enum Way: Sendable, CaseIterable { case inProcess, https }

  let client: KubeClient
  let store: MemoryStore
  /// How to reach it over HTTPS; nil in process.
  let configuration: KubeConfiguration?
  let group: EventLoopGroup?
  let web: HTTPServer?

  static func run(_ way: Way, _ body: @Sendable (ServedAPI) async throws -> Void) async throws {
    let store = MemoryStore()
    let server = APIServer(store: store)
    try await server.start()
    do {
      switch way {
      case .inProcess:
        try await body(
          ServedAPI(client: server.client, store: store, configuration: nil, group: nil, web: nil))
      case .https: try await overHTTPS(server, store, body)
      }
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private static func overHTTPS(
    _ server: APIServer, _ store: MemoryStore, _ body: @Sendable (ServedAPI) async throws -> Void
  ) async throws {
    let folder = "/tmp/apus-kube-client-\(SystemRandom().uuid())"
    defer { try? Files.removeTree(folder) }
    let credentials = try ClusterCredentials.load(dataDirectory: folder)
    let group = try EventLoopGroup(loops: 1, name: "kube-test")
    let tls = try TLSServerContext(
      certificatePEM: credentials.serverCertificatePEM, keyPEM: credentials.serverKeyPEM)
    let web = HTTPServer(
      group: group, tls: tls,
      handler: .async(APIServerHTTPHandler(server: server, tokens: [credentials.adminToken])))
    let address = try web.listen([ListenAddress(host: "127.0.0.1", port: 0)])[0]
    let configuration = KubeConfiguration(
      server: "https://127.0.0.1:\(address.port)", authorityPEM: credentials.authorityPEM,
      token: credentials.adminToken)
    do {
      let transport = try HTTPSKubeTransport(configuration, group: group)
      try await body(
        ServedAPI(
          client: KubeClient(transport), store: store, configuration: configuration, group: group, web: web))
    } catch {
      await web.drain(timeout: .zero)
      await group.shutdown()
      throw error
    }
    await web.drain(timeout: .zero)
    await group.shutdown()
  }
}
