internal import Linux

/// From an upstream's address to socket addresses. Literals, sockets and `localhost` need nobody; names are
/// resolved on threads of their own.
enum UpstreamResolver {
  /// Two names at a time; more wait.
  private static let workers = WorkerPool(name: "resolver", threads: 2, capacity: 1024)

  /// Calls `done` on the loop's thread, now or later.
  static func resolve(
    _ address: ListenAddress, on loop: EventLoop,
    _ done: @escaping (Result<[SocketAddress], HTTPClientError>) -> Void
  ) {
    if let known = direct(address) {
      loop.afterEvents { done(.success(known)) }
      return
    }
    let box = LoopBox(done)
    let host = address.host
    let port = address.port
    let job: @Sendable () -> Void = {
      let result: Result<[SocketAddress], HTTPClientError>
      do {
        result = .success(try NameResolver.resolve(host, port: port))
      } catch {
        result = .failure(HTTPClientError(.nameResolution, "\(error)", isSafeToRetry: true))
      }
      loop.post { box.value(result) }
    }
    var problem: String?
    do {
      if try !workers.submit(job) { problem = "too many names are being resolved" }
    } catch {
      problem = "\(host) cannot be resolved: \(error)"
    }
    if let problem {
      let error = HTTPClientError(.nameResolution, problem, isSafeToRetry: true)
      loop.afterEvents { done(.failure(error)) }
    }
  }

  private static func direct(_ address: ListenAddress) -> [SocketAddress]? {
    if address.isUnixSocket { return [.unix(address.host)] }
    if let literal = SocketAddress(literal: address.host, port: address.port) { return [literal] }
    // RFC 6761 §6.3: loopback, whatever the resolver thinks of it.
    let host = address.host.hasSuffix(".") ? String(address.host.dropLast()) : address.host
    guard host.lowercased() == "localhost" || host.lowercased().hasSuffix(".localhost"),
      let port = UInt16(exactly: address.port)
    else { return nil }
    return [.loopback(port: port), .loopback6(port: port)]
  }
}

/// Carries something of a loop through another thread and back.
/// `@unchecked Sendable`: the value is only touched on the loop's thread.
final class LoopBox<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
