public import Basics
internal import Crypto
public import HTTPTransport
public import KubeClient
internal import Linux
public import ServingControllers
internal import Synchronization
internal import Telemetry

/// Admission of the serving kinds for an API server that is not ours: an HTTPS server with a certificate that
/// it makes, stores and renews by itself.
public final class AdmissionWebhook: Sendable {
  public struct Settings: Sendable {
    /// Where it listens.
    public var listen: ListenAddress
    /// Where its Secret lies.
    public var namespace: String
    public var address: WebhookAddress

    public init(listen: ListenAddress, namespace: String, address: WebhookAddress) {
      self.listen = listen
      self.namespace = namespace
      self.address = address
    }
  }

  private let upkeep: WebhookUpkeep
  private let clock: any SleepingClock
  private let server: HTTPServer
  private let tls: TLSServerContext
  private let shown: Mutex<WebhookCertificate>
  private let isConfigured = Atomic<Bool>(false)
  private let log = Logger("webhook")

  private static let interval: Duration = .seconds(60)
  /// Configurations that somebody changed are put right at every so many looks.
  private static let looksPerRepair = 10

  /// Listens with the certificate that is stored, or with a new one.
  /// - Parameters:
  ///   - settings: with port 0 in `address`, that becomes the port that was bound.
  ///   - isReady: whether what `admission` looks at has been read.
  /// - Throws: `KubeError` where the Secret can be neither read nor written, `LinuxError` where nothing can
  ///   listen.
  public static func start(
    _ settings: Settings, client: KubeClient, admission: ServingAdmission, group: EventLoopGroup,
    clock: any SleepingClock, isReady: @escaping @Sendable () -> Bool
  ) async throws -> AdmissionWebhook {
    var upkeep = WebhookUpkeep(
      client: client, namespace: settings.namespace, address: settings.address, clock: clock)
    let certificate = try await upkeep.certificate()
    let tls = try TLSServerContext(
      certificatePEM: certificate.server.certificatePEM, keyPEM: certificate.server.keyPEM)
    let handler = WebhookHandler(reviewer: AdmissionReviewer(admission: admission), isReady: isReady)
    let server = HTTPServer(group: group, tls: tls, handler: .async(handler))
    let bound = try server.listen([settings.listen])
    if case .host(let host, 0) = settings.address, let port = bound.first?.port {
      upkeep = WebhookUpkeep(
        client: client, namespace: settings.namespace, address: .host(host, port: port), clock: clock)
    }
    return AdmissionWebhook(upkeep, clock, server, tls, certificate, bound)
  }

  /// Where it listens.
  public let addresses: [ListenAddress]

  private init(
    _ upkeep: WebhookUpkeep, _ clock: any SleepingClock, _ server: HTTPServer, _ tls: TLSServerContext,
    _ certificate: WebhookCertificate, _ addresses: [ListenAddress]
  ) {
    self.upkeep = upkeep
    self.clock = clock
    self.server = server
    self.tls = tls
    self.addresses = addresses
    shown = Mutex(certificate)
  }

  /// Whether API servers have been told of the webhook.
  public var hasToldServers: Bool { isConfigured.load(ordering: .acquiring) }

  /// Tells API servers of the webhook, and renews certificate and configurations until the task is cancelled.
  public func run() async {
    var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(30))
    var looks = 0
    while !Task.isCancelled {
      var pause = Self.interval
      do {
        try await look(repairs: looks % Self.looksPerRepair == 0)
        looks &+= 1
        backoff.reset()
      } catch is CancellationError {
        break
      } catch {
        pause = backoff.next()
        log.warning("cannot keep the webhook's certificate and configurations", ["cause": "\(error)"])
      }
      do { try await clock.sleep(for: pause) } catch { break }
    }
  }

  /// Answers what has begun and accepts nothing more.
  public func stop(timeout: Duration) async { await server.drain(timeout: timeout) }

  private func look(repairs: Bool) async throws {
    let certificate = try await upkeep.certificate()
    let isNew = shown.withLock { $0 != certificate }
    if isNew {
      try tls.renew(certificatePEM: certificate.server.certificatePEM, keyPEM: certificate.server.keyPEM)
      shown.withLock { $0 = certificate }
      log.info("shows another certificate")
    }
    if isNew || repairs || !hasToldServers { try await upkeep.configure(certificate) }
    isConfigured.store(true, ordering: .releasing)
  }
}
