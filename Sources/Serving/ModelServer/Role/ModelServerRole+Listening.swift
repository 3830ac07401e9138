internal import HTTPTransport
internal import Linux
internal import Telemetry

/// Why a server could not listen, with the fix.
struct ListenFailure: Error {
  var message: String
  /// The port that another program holds, else the address.
  var place: String
  var isPortTaken: Bool
}

/// Where a server listens.
struct BoundAddresses: CustomStringConvertible, Sendable {
  var http: [ListenAddress]
  /// Besides the HTTP addresses, which answer gRPC too.
  var grpc: [ListenAddress] = []

  var description: String {
    (http.map { "http://\($0)" } + grpc.map { "grpc://\($0)" }).joined(separator: ", ")
  }
}

extension ModelServerRole {
  /// Listens for HTTP and gRPC on the one port, and for gRPC on its own, as upstream does.
  func listen(_ server: HTTPServer) throws(ListenFailure) -> BoundAddresses {
    var bound: BoundAddresses
    do {
      bound = BoundAddresses(http: try listen(server, port: flags.httpPort))
    } catch {
      throw explain(error, port: flags.httpPort, flag: "--http_port")
    }
    guard flags.enableGRPC, flags.grpcPort != flags.httpPort || flags.grpcPort == 0 else { return bound }
    do {
      bound.grpc = try listen(server, port: flags.grpcPort)
    } catch {
      let failure = explain(error, port: flags.grpcPort, flag: "--grpc_port")
      // Several servers that were started by hand share the default port; each answers gRPC on its HTTP port.
      guard !flags.given.contains("grpc_port"), !environment.isPod, error.isAddressInUse else {
        throw failure
      }
      log.warning("gRPC is answered on the HTTP port only: \(failure.message)")
    }
    return bound
  }

  /// The address that was asked for, else the pod's own, else loopback: nothing is open to the network
  /// unasked.
  private func listen(_ server: HTTPServer, port: Int) throws(LinuxError) -> [ListenAddress] {
    if let host = flags.host ?? environment.podAddress {
      return try server.listen([ListenAddress(host: host, port: port)])
    }
    return try server.listenOnLoopback(port: port)
  }

  private func explain(_ error: LinuxError, port: Int, flag: String) -> ListenFailure {
    let host = flags.host ?? environment.podAddress ?? "127.0.0.1"
    let place = "\(ListenAddress(host: host, port: port))"
    return ListenFailure(
      message: explain(error, port: port, place: place, flag: flag),
      place: error.isAddressInUse ? String(port) : place, isPortTaken: error.isAddressInUse)
  }

  private func explain(_ error: LinuxError, port: Int, place: String, flag: String) -> String {
    if error.isAddressInUse {
      let holder = PortHolder.describe(port: port) ?? "another program"
      return "cannot listen on \(place): \(holder) holds the port; choose another one with \(flag)"
    }
    if error.isAddressUnavailable {
      return "cannot listen on \(place): this machine has no such address; choose one with --host"
    }
    if error.isPermissionDenied {
      return "cannot listen on \(place): permission denied; choose a port above 1023 with \(flag)"
    }
    return "cannot serve on \(place): \(error)"
  }
}
