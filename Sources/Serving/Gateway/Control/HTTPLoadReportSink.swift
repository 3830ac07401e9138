internal import Basics
internal import Formats
public import HTTPTransport
internal import HTTPWire
public import ServingAPI
internal import Telemetry

/// Posts load reports as JSON to the controller that leads.
public struct HTTPLoadReportSink: LoadReportSink {
  private let client: HTTPClient
  private let leader: @Sendable () -> String?
  private let log = Logger("gateway")

  /// A report that takes longer than the next one's coming is of no use any more.
  private static let timeout: Duration = .seconds(1)

  /// - Parameter leader: the URL to post to, asked for with each report; nil while nobody leads.
  public init(client: HTTPClient, leader: @escaping @Sendable () -> String?) {
    self.client = client
    self.leader = leader
  }

  public func receive(_ report: LoadReport) async {
    guard let url = leader() else { return }
    let request = HTTPClientRequest(
      method: "POST", url: url, headers: ["Content-Type": "application/json"], body: report.json.encoded(),
      timeout: Self.timeout)
    do {
      let response = try await client.send(request)
      if !(200..<300).contains(response.head.status) {
        log.warning("a load report was refused", ["url": url, "status": "\(response.head.status)"])
      }
    } catch {
      log.warning("a load report was not delivered", ["url": url, "cause": "\(error)"])
    }
  }
}
