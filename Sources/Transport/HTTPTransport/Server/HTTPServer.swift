public import Linux

/// Listens on addresses and answers HTTP/1.1 requests by one handler, on the loops of a group.
public final class HTTPServer: Sendable {
  public init(
    group: EventLoopGroup, limits: HTTPServerLimits = .init(), tls: TLSServerContext? = nil,
    handler: HTTPServerHandler
  ) {}

  /// Starts to accept on every address, or on none where one fails.
  /// - Returns: the addresses really bound (with the ports that 0 became).
  /// - Throws: `LinuxError`; `isAddressInUse` tells a taken port.
  public func listen(_ addresses: [ListenAddress]) throws(LinuxError) -> [ListenAddress] { addresses }

  /// Stops accepting, lets open requests end (`Connection: close`), and breaks off what remains after `timeout`.
  public func drain(timeout: Duration) async {}
}
