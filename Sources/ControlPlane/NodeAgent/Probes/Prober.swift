internal import Basics
internal import HTTPTransport
internal import HTTPWire
internal import Linux

/// Carries out probes and hooks that go over the network; programs are run by the pod's supervisor.
protocol NetworkProber: Sendable {
  /// `nil` on success, else what went wrong, in the kubelet's words.
  func get(
    _ host: String, _ port: Int, path: String, isHTTPS: Bool, headers: [ProbeSpec.Header], timeout: Duration
  ) async -> String?
  func connect(_ host: String, _ port: Int, timeout: Duration) async -> String?
}

/// The real network.
struct SocketProber: NetworkProber {
  let client: HTTPClient
  let workers: BlockingWorkers

  func get(
    _ host: String, _ port: Int, path: String, isHTTPS: Bool, headers: [ProbeSpec.Header], timeout: Duration
  ) async -> String? {
    // Kubelets skip the check of certificates here, so that an HTTPS probe says no more than that the port
    // answers.
    if isHTTPS { return await connect(host, port, timeout: timeout) }
    var fields: HTTPHeaders = ["User-Agent": "kube-probe/1.32", "Accept": "*/*", "Connection": "close"]
    for header in headers { fields.set(header.name, header.value) }
    let url = "http://\(ListenAddress(host: host, port: port))\(path)"
    do {
      let answer = try await client.send(HTTPClientRequest(url: url, headers: fields, timeout: timeout))
      let status = answer.head.status
      return (200..<400).contains(status) ? nil : "HTTP probe failed with statuscode: \(status)"
    } catch {
      return "Get \"\(url)\": \(error)"
    }
  }

  func connect(_ host: String, _ port: Int, timeout: Duration) async -> String? {
    guard let address = SocketAddress(literal: host, port: port) else {
      return "\(host):\(port) is no IP address"
    }
    do {
      let socket = try Socket.connect(to: address)
      // On one machine a connection is there, or refused, as soon as it is asked for.
      if let outcome = try Self.outcome(of: socket, address, timeout: .zero) { return outcome.problem }
      let later = try await workers.run { try Self.outcome(of: socket, address, timeout: timeout) }
      return later.map(\.problem) ?? "dial tcp \(address): i/o timeout"
    } catch let error as LinuxError {
      return "dial tcp \(address): connect: \(error.reason.lowercased())"
    } catch {
      return "dial tcp \(address): \(error)"
    }
  }

  /// How a connection came out.
  private struct Outcome: Sendable {
    var problem: String?
  }

  /// Nil where that is still open after the timeout. Blocks so long.
  private static func outcome(
    of socket: Socket, _ address: SocketAddress, timeout: Duration
  ) throws(LinuxError) -> Outcome? {
    var polled = PollSet()
    polled.add(socket.descriptor, reading: false, writing: true)
    if try polled.wait(timeout: timeout).isEmpty { return nil }
    return Outcome(
      problem: socket.takeError("connect").map {
        "dial tcp \(address): connect: \($0.reason.lowercased())"
      })
  }
}
