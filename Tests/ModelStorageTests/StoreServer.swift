import HTTPTransport
import Linux

/// A handler as a store on an address of its own, for a test that fetches from it on a thread that may block.
enum StoreServer {
  static func with(
    _ handler: some AsyncHTTPHandler, _ body: @escaping @Sendable (_ address: String) throws -> Void
  ) async throws {
    let group = try EventLoopGroup(loops: 1, name: "store")
    let server = HTTPServer(group: group, handler: .async(handler))
    let bound = try server.listen([ListenAddress(host: "127.0.0.1", port: 0)])
    let workers = BlockingWorkers(name: "fetch", threads: 1)
    let result: Result<Void, any Error>
    do {
      try await workers.run { try body("http://127.0.0.1:\(bound[0].port)") }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await server.drain(timeout: .seconds(1))
    await group.shutdown()
    try result.get()
  }
}
