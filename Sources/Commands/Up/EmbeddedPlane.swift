internal import APIServer
internal import Basics
internal import Formats
internal import Gateway
internal import HTTPTransport
internal import KubeClient
internal import KubeProtocol
internal import KubeStore
internal import Linux
internal import NodeAgent
internal import ServingAPI
internal import ServingControllers
internal import Telemetry
internal import Workloads

/// Everything of `apus up`, wired: store, API, controllers, node, gateway.
struct EmbeddedPlane: Sendable {
  let endpoints: Endpoints
  private let options: UpOptions
  private let store: any RevisionedStore
  private let apiServer: APIServer
  private let apiListener: HTTPServer
  private let group: EventLoopGroup
  private let gatewayGroup: EventLoopGroup
  private let gateway: Gateway
  private let node: NodeAgent
  private let informers: SharedInformers
  private let serving: ServingControllers
  private let autoscaler: RequestAutoscaler
  private let boundClaims: BoundClaims
  private let log = Logger("up")

  private static let podGrace: Duration = .seconds(20)
  private static let drainTimeout: Duration = .seconds(5)

  /// Returns once API and gateway accept and their addresses stand in the data directory. On failure
  /// everything that was opened is closed again.
  static func start(_ options: UpOptions) async throws -> EmbeddedPlane {
    try prepare(options.directory)
    let store: any RevisionedStore =
      options.keepsState
      ? try await SQLiteStore.open(path: options.directory.databasePath, reader: APIServer.contentReader)
      : MemoryStore()
    do {
      return try await start(options, store: store)
    } catch {
      await store.close()
      throw error
    }
  }

  private static func start(_ options: UpOptions, store: any RevisionedStore) async throws -> EmbeddedPlane {
    let credentials = try ClusterCredentials.load(dataDirectory: options.directory.path)
    let addresses = try LoopbackAddressPool.open(dataDirectory: options.directory.path)
    let apiServer = APIServer(
      store: store, preinstalledCRDs: ServingCRDs.all,
      conversions: LLMServiceConversion.resources.map {
        ResourceConversion($0, convert: LLMServiceConversion.convert)
      }, serviceAccountKeyPEM: credentials.serviceAccountKeyPEM,
      serviceAddresses: { service, taken in try addresses.allocate(service: service, taken: taken) })
    let group = try EventLoopGroup(loops: 1, name: "api")
    let gatewayGroup = try EventLoopGroup(loops: max(1, ProcessStatistics.processorCount), name: "gateway")
    for loop in group.loops + gatewayGroup.loops { loop.submit { ThreadTurns.preferShort() } }
    let listener = HTTPServer(
      group: group, limits: APIServerHTTPHandler.limits,
      tls: try TLSServerContext(
        certificatePEM: credentials.serverCertificatePEM, keyPEM: credentials.serverKeyPEM),
      handler: .async(APIServerHTTPHandler(server: apiServer, tokens: [credentials.adminToken])))
    let api = try listen("API", options.apiPort, flag: "--api-port") {
      try listener.listenOnLoopback(port: options.apiPort)
    }

    let client = apiServer.client
    let informers = SharedInformers(client: client)
    let gateway = Gateway(
      configuration: GatewayConfiguration(port: options.gatewayPort), client: client, informers: informers,
      group: gatewayGroup)
    let gatewayPort = try listen("gateway", options.gatewayPort, flag: "--gateway-port") {
      try gateway.listen()
    }

    let platform = InferenceServiceConfig.Platform(
      ingressDomain: options.ingressDomain, gatewayPort: gatewayPort)
    let configuration = ServingConfiguration(platform: platform)
    apiServer.add(admission(configuration, informers))
    try await apiServer.start()
    try await ServingDefaults.install(client: client, platform: platform)

    var nodeConfiguration = NodeAgentConfiguration(
      dataDirectory: options.directory.path, addresses: addresses, loops: group)
    nodeConfiguration.images = options.images
    let boundClaims = BoundClaims(informers: informers, directory: volumesDirectory(options))
    nodeConfiguration.claims = { [claims = options.claims] namespace, claim in
      claims[claim] ?? boundClaims.path(namespace: namespace, claim: claim)
    }
    nodeConfiguration.gatewayPort = gatewayPort
    let node = try NodeAgent(configuration: nodeConfiguration, client: client, informers: informers)
    apiServer.connect(node)
    let serving = ServingControllers(
      client: client, informers: informers, configuration: configuration, clock: SystemClock())
    let autoscaler = RequestAutoscaler(
      client: client, informers: informers, configuration: configuration, clock: SystemClock())

    let endpoints = Endpoints(api: "https://127.0.0.1:\(api)", gateway: "http://127.0.0.1:\(gatewayPort)")
    let kubeconfig = KubeconfigText.make(
      server: endpoints.api, authorityPEM: credentials.authorityPEM, token: credentials.adminToken)
    try Files.writeAtomically(
      Bytes(kubeconfig.utf8), to: options.directory.kubeconfigPath, permissions: 0o600)
    try endpoints.write(to: options.directory)
    return EmbeddedPlane(
      endpoints: endpoints, options: options, store: store, apiServer: apiServer, apiListener: listener,
      group: group,
      gatewayGroup: gatewayGroup, gateway: gateway, node: node, informers: informers, serving: serving,
      autoscaler: autoscaler, boundClaims: boundClaims)
  }

  /// Below it lie the folders of claims.
  private static func volumesDirectory(_ options: UpOptions) -> String { "\(options.directory.path)/volumes" }

  /// Works until `shutdown` returns, then stops in order: pods, controllers, gateway, API, store.
  func run(until shutdown: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await informers.run() }
      tasks.addTask { await gateway.run(reportingTo: InProcessLoadSink(autoscaler: autoscaler)) }
      tasks.addTask {
        await WorkloadControllers.run(client: apiServer.client, informers: informers, clock: SystemClock())
      }
      tasks.addTask {
        await StatefulControllers.run(
          client: apiServer.client, informers: informers, volumesDirectory: Self.volumesDirectory(options),
          clock: SystemClock())
      }
      tasks.addTask { await boundClaims.run() }
      tasks.addTask { await serving.run() }
      tasks.addTask { await autoscaler.run() }
      tasks.addTask { await IdleMemory(store: store, log: log).run() }
      tasks.addTask {
        do {
          try await node.run()
        } catch is CancellationError {
          return
        } catch {
          log.error("the node has stopped", ["cause": "\(error)"])
        }
      }
      await shutdown()
      // Nobody shall find addresses that no longer answer.
      try? Files.removeFile(options.directory.endpointsPath)
      await node.shutDown(grace: Self.podGrace)
      tasks.cancelAll()
    }
    await apiListener.drain(timeout: Self.drainTimeout)
    await apiServer.stop()
    await gatewayGroup.shutdown()
    await group.shutdown()
    await store.close()
  }

  // MARK: pieces of the start

  private static func prepare(_ directory: DataDirectory) throws {
    do {
      try Files.createDirectories(directory.path, permissions: 0o700)
      // Old addresses must not be taken for this run's.
      if Files.exists(directory.endpointsPath) { try Files.removeFile(directory.endpointsPath) }
    } catch {
      throw UsageError(
        message:
          "the data directory \(directory.path) cannot be used: \(error.reason); choose another by --data-dir"
      )
    }
  }

  /// - Returns: the port, the same on every address.
  private static func listen(
    _ part: String, _ port: Int, flag: String, _ body: () throws -> [ListenAddress]
  ) throws -> Int {
    do {
      guard let bound = try body().first else { throw UsageError(message: "the \(part) listens nowhere") }
      return bound.port
    } catch let error as LinuxError where error.isAddressInUse {
      let holder = PortHolder.describe(port: port) ?? "another program"
      throw UsageError(
        message:
          "the \(part) cannot listen on port \(port): \(holder) holds it; "
          + "choose another by \(flag) (0 for any)"
      )
    } catch let error as LinuxError {
      throw UsageError(message: "the \(part) cannot listen on port \(port): \(error.reason); see \(flag)")
    }
  }

  private static func admission(
    _ configuration: ServingConfiguration, _ informers: SharedInformers
  ) -> [AdmissionHook] {
    let admission = ServingAdmission(configuration: configuration, informers: informers)
    return ServingAdmission.resources.map { resource in
      AdmissionHook(
        resource: resource,
        mutate: { object, context in
          if context.subresource == nil { admission.mutate(&object) }
        },
        validate: { object, context throws(KubeError) in
          if context.subresource == nil { try admission.validate(object, old: context.old) }
        },
        validateDeletion: { (object, _) throws(KubeError) in try admission.validateDeletion(object) },
        warn: { object, context in
          if context.operation == .delete { return admission.deletionWarnings(object) }
          return context.subresource == nil ? admission.warnings(object) : []
        })
    }
  }
}
