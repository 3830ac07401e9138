internal import AdmissionWebhook
internal import Basics
internal import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import Lifecycle
internal import Linux
internal import ServingAPI
internal import ServingControllers
internal import Telemetry

/// `apus webhook`: admission of the serving kinds for a Kubernetes that is not ours.
enum WebhookCommand {
  static let verb = Verb.reporting("webhook", "default and validate the serving kinds for a cluster") {
    arguments in
    let options = try WebhookOptions(arguments)
    let shutdown = try ShutdownSignal()
    let group = try EventLoopGroup(loops: 1, name: "webhook")
    do {
      try await run(options, group, until: shutdown)
      await group.shutdown()
      return 0
    } catch {
      await group.shutdown()
      throw error
    }
  }

  private static let drainTimeout: Duration = .seconds(5)

  private static func run(
    _ options: WebhookOptions, _ group: EventLoopGroup, until shutdown: ShutdownSignal
  ) async throws {
    let client = KubeClient(try HTTPSKubeTransport(options.cluster, group: group))
    let informers = SharedInformers(client: client)
    let configuration = ServingConfiguration(platform: .init())
    follow(informers, configuration)
    let admission = ServingAdmission(configuration: configuration, informers: informers)
    let webhook = try await AdmissionWebhook.start(
      options.settings, client: client,
      admission: admission, group: group, clock: SystemClock(), isReady: { informers.areSynced })
    let health = HTTPServer(
      group: group,
      handler: .async(
        HealthPages { informers.areSynced && webhook.hasToldServers }))
    let healthAddresses = try health.listen([options.health])
    StandardStreams.write(
      "webhook  https://\(webhook.addresses[0])\nhealth   http://\(healthAddresses[0])/readyz\n")
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await informers.run() }
      tasks.addTask { await webhook.run() }
      _ = await shutdown.wait()
      tasks.cancelAll()
    }
    await webhook.stop(timeout: drainTimeout)
    await health.drain(timeout: drainTimeout)
  }

  /// Keeps `configuration` as the ConfigMap says.
  private static func follow(_ informers: SharedInformers, _ configuration: ServingConfiguration) {
    ServingConfiguration.source(informers).onChange { change in
      if let problem = configuration.update(from: change.isDeletion ? nil : change.object) {
        Logger("webhook").warning("configuration refused", ["cause": problem.description])
      }
    }
  }
}

/// What kubelets ask: `/healthz` whether the program works, `/readyz` whether it is of use.
private struct HealthPages: AsyncHTTPHandler {
  let isReady: @Sendable () -> Bool

  init(isReady: @escaping @Sendable () -> Bool) { self.isReady = isReady }

  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    let (status, text) =
      switch request.head.path {
      case "/healthz": (200, "ok")
      case "/readyz": isReady() ? (200, "ok") : (503, "the cluster's objects have not been read yet")
      default: (404, "there are /healthz and /readyz")
      }
    return AsyncHTTPResponse(
      head: HTTPResponseHead(status: status, headers: ["Content-Type": "text/plain"]),
      body: .bytes(Bytes("\(text)\n".utf8)))
  }
}
