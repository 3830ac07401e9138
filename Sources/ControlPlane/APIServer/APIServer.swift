public import Basics
internal import Formats
public import KubeClient
public import KubeProtocol
public import KubeStore
public import Linux
internal import Synchronization
internal import Telemetry

/// The embedded Kubernetes API server: the API's verbs over a revisioned store, for in-process callers as
/// they are and for others through `APIServerHTTPHandler`.
public final class APIServer: KubeTransport {
  struct State {
    var registry: ResourceRegistry
    var definitionRevisions = DefinitionRevisions()
    var admission: [AdmissionHook]
    var nodeConnection: (any NodeConnection)?
    var background: Task<Void, Never>?
    var openAPI = OpenAPIDocuments()
    var tokens: ServiceAccountTokens?
  }

  let storage: ObjectStorage
  let clock: any WallClock
  let random: any RandomSource
  let serviceAddresses: ServiceAddresses
  let recentEvents = RecentWatchEvents()
  let logger = Logger("apiserver")
  let preinstalledCRDs: [KubeObject]
  let conversions: [ResourceConversion]
  /// Differs between starts, so that clients' cached documents do not outlive a change of the server.
  let openAPISeed: UInt64
  let serviceAccountKeyPEM: String?
  let state: Mutex<State>

  /// - Parameters:
  ///   - preinstalledCRDs: CustomResourceDefinitions that `start` creates or brings up to date; only their
  ///     schemas may refer to built-in ones (`$ref: io.k8s.api.core.v1.PodSpec`).
  ///   - conversions: for kinds of CustomResourceDefinitions whose versions differ.
  ///   - serviceAccountKeyPEM: an RSA key that signs tokens of ServiceAccounts; nil makes one that is
  ///     gone with the server.
  ///   - serviceAddresses: where cluster addresses of Services come from; nil counts up in 127.96.0.0/16.
  public init(
    store: any RevisionedStore, clock: any WallClock = SystemClock(),
    random: any RandomSource = SystemRandom(),
    preinstalledCRDs: [KubeObject] = [], conversions: [ResourceConversion] = [],
    admission: [AdmissionHook] = [],
    nodeConnection: (any NodeConnection)? = nil, serviceAccountKeyPEM: String? = nil,
    serviceAddresses: ServiceAddressAllocator? = nil
  ) {
    storage = ObjectStorage(store: store)
    self.clock = clock
    self.random = random
    self.preinstalledCRDs = preinstalledCRDs
    self.conversions = conversions
    self.serviceAccountKeyPEM = serviceAccountKeyPEM
    openAPISeed = random.next()
    self.serviceAddresses = ServiceAddresses(
      allocator: serviceAddresses ?? ServiceAddresses.sequential(), storage: storage)
    state = Mutex(
      State(
        registry: ResourceRegistry(BuiltinResources.all), admission: admission, nodeConnection: nodeConnection
      ))
  }

  /// Creates what every cluster has, serves the stored CRDs, and starts garbage collection and its like.
  public func start() async throws {
    try await installStoredDefinitions()
    try await installPreinstalledDefinitions()
    try await createDefaultObjects()
    startBackground()
  }

  /// Ends the background work and waits until it has ended. The store stays open: it is its maker's.
  public func stop() async {
    let task = state.withLock { state -> Task<Void, Never>? in
      defer { state.background = nil }
      return state.background
    }
    task?.cancel()
    await task?.value
  }

  /// For hooks that themselves need a client of this server.
  public func add(_ hooks: [AdmissionHook]) {
    state.withLock { $0.admission += hooks }
  }

  /// The node's side of `pods/log`.
  public func connect(_ node: any NodeConnection) {
    state.withLock { $0.nodeConnection = node }
  }

  /// A client that reaches this server without HTTP.
  public var client: KubeClient { KubeClient(self) }

  public func send(_ request: KubeRequest) async throws -> KubeResponse {
    guard request.method != "GET" else { return try await answered(request) }
    let warnings = AdmissionWarnings()
    var response = try await AdmissionWarnings.$current.withValue(warnings) { try await answered(request) }
    response.warnings += warnings.all
    return response
  }

  private func answered(_ request: KubeRequest) async throws -> KubeResponse {
    do {
      return try await answer(request)
    } catch let error as CancellationError {
      throw error
    } catch {
      return Self.failure(error, logger)
    }
  }

  var registry: ResourceRegistry { state.withLock { $0.registry } }

  var writeContext: WriteContext {
    WriteContext(clock: clock, random: random, serviceAddresses: serviceAddresses)
  }

  static func failure(_ error: any Error, _ logger: Logger) -> KubeResponse {
    let answer = kubeError(error)
    if answer.code == 500 { logger.error("request failed", ["cause": answer.message]) }
    return KubeResponse(status: answer.code, body: .json(answer.statusJSON))
  }

  /// Every failure as an answer of the API.
  static func kubeError(_ error: any Error) -> KubeError {
    switch error {
    case let error as KubeError: return error
    case StoreError.unavailable(let message): return KubeError(.internalError, message)
    case StoreError.compacted(let oldest):
      return KubeError(.expired, "too old resource version: the oldest one that is kept is \(oldest)")
    case StoreError.futureRevision(let current):
      var answer = KubeError(.timeout, "Too large resource version: current is \(current)")
      answer.retryAfterSeconds = 1
      return answer
    default: return KubeError(.internalError, "Internal error occurred: \(error)")
    }
  }
}
