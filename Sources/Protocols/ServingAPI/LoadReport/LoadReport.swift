public import Formats
public import KubeProtocol

/// What one gateway has seen since its last report: the load of the Services that requests scale. Gateways
/// post one a second, and one at once where a request comes for a Service that sleeps.
///
/// A Service that is not named had no load; so a report without any also says something.
public struct LoadReport: Sendable, Hashable {
  /// Which gateway: its process, not its name, so that a restart is a new one.
  public var gateway: String
  /// The time that the report covers, up to its sending.
  public var interval: Duration
  public var loads: [ServiceLoad]

  /// The load of one Service.
  public struct ServiceLoad: Sendable, Hashable {
    public var service: ObjectKey
    /// Seconds that requests were in the gateway's hands, summed over all: divided by the interval, their
    /// average number at a time. Those that wait count.
    public var requestSeconds: Double
    /// Requests that came.
    public var arrivals: Int64
    /// Requests under way at the end of the interval, waiting ones included.
    public var inFlight: Int64
    /// Those of them that wait because no pod is ready.
    public var waiting: Int64

    public init(
      service: ObjectKey, requestSeconds: Double, arrivals: Int64, inFlight: Int64 = 0, waiting: Int64 = 0
    ) {
      self.service = service
      self.requestSeconds = requestSeconds
      self.arrivals = arrivals
      self.inFlight = inFlight
      self.waiting = waiting
    }
  }

  public init(gateway: String, interval: Duration, loads: [ServiceLoad]) {
    self.gateway = gateway
    self.interval = interval
    self.loads = loads
  }
}

extension LoadReport {
  /// Services that one report may name.
  public static let loadLimit = 65_536
  private static let longestSeconds: Double = 3600

  /// As it is posted.
  public var json: JSONValue {
    [
      "gateway": .string(gateway), "intervalSeconds": Self.number(interval / .seconds(1)),
      "loads": .array(
        loads.map { load in
          [
            "namespace": .string(load.service.namespace), "service": .string(load.service.name),
            "requestSeconds": Self.number(load.requestSeconds), "arrivals": .int(load.arrivals),
            "inFlight": .int(load.inFlight), "waiting": .int(load.waiting),
          ]
        }),
    ]
  }

  private static func number(_ value: Double) -> JSONValue { JSONNumber(value).map(JSONValue.number) ?? 0 }

  /// - Returns: nil where the message is not a report, or its numbers cannot be.
  public init?(json: JSONValue) {
    guard let gateway = json["gateway"]?.string, !gateway.isEmpty, gateway.utf8.count <= 256,
      let seconds = json["intervalSeconds"]?.double, seconds >= 0, seconds <= Self.longestSeconds,
      let members = json["loads"]?.array, members.count <= Self.loadLimit
    else { return nil }
    var loads: [ServiceLoad] = []
    loads.reserveCapacity(members.count)
    for member in members {
      guard let load = ServiceLoad(json: member) else { return nil }
      loads.append(load)
    }
    self.init(gateway: gateway, interval: .seconds(seconds), loads: loads)
  }
}

extension LoadReport.ServiceLoad {
  /// More at a time, or per second, than any gateway can have.
  private static let most: Int64 = 1 << 32

  fileprivate init?(json: JSONValue) {
    guard let namespace = json["namespace"]?.string, let name = json["service"]?.string, !name.isEmpty,
      name.utf8.count <= 253, namespace.utf8.count <= 253,
      let requestSeconds = json["requestSeconds"]?.double, requestSeconds >= 0,
      requestSeconds <= Double(Self.most),
      let arrivals = json["arrivals"]?.int, let inFlight = json["inFlight"]?.int,
      let waiting = json["waiting"]?.int,
      [arrivals, inFlight, waiting].allSatisfy({ (0...Self.most).contains($0) })
    else { return nil }
    self.init(
      service: ObjectKey(namespace: namespace, name: name), requestSeconds: requestSeconds,
      arrivals: arrivals, inFlight: inFlight, waiting: waiting)
  }
}
