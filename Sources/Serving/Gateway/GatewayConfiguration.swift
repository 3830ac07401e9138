internal import Basics
internal import ServingAPI

/// What one gateway is told at start.
public struct GatewayConfiguration: Sendable {
  /// 0 takes any free port.
  public var port: Int
  /// Address to listen on; nil for 127.0.0.1 and ::1.
  public var host: String?
  /// Gateway classes that name this controller are served.
  public var controllerName: String = ServingPlatform.gatewayController
  /// Served even where no object of that class exists.
  public var className: String = ServingPlatform.gatewayClass
  /// How long a request waits where its service has no ready endpoint: one that has just become ready may not
  /// have reached the table yet.
  public var endpointWait: Duration = .milliseconds(500)
  /// How much longer it waits for a table with all that the cluster had said by the end of that time, where
  /// the table in use is behind.
  public var tableWait: Duration = .seconds(10)
  /// How long a request may wait for a pod that is being started, where its route has no timeout of its own.
  public var activationTimeout: Duration = .seconds(300)
  /// Requests that may wait for one Service; further ones get 503 at once.
  public var waitingLimit = 10_000
  /// Bytes of bodies that all waiting requests together may hold.
  public var waitingBytes = 256 * ByteCount.mebibyte
  /// How often load is reported.
  public var reportInterval: Duration = .seconds(1)
  /// How long requests under way may take once the gateway was told to stop.
  public var drainTimeout: Duration = .seconds(30)

  public init(port: Int, host: String? = nil) {
    self.port = port
    self.host = host
  }
}
