internal import HTTPTransport
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// What every command that talks to a control plane shares: which one, which namespace, and the connections.
struct ClientSession: Sendable {
  let client: KubeClient
  /// For services behind the gateway.
  let http: HTTPClient
  var namespace: String

  /// The options of all client commands, with a verb's own added.
  static func grammar(
    options: [String] = [], switches: [String] = [], short: [Character: String] = [:]
  ) -> Arguments.Grammar {
    Arguments.Grammar(
      options: ["namespace", "kubeconfig", "context", "data-dir"] + options, switches: switches,
      short: short.merging(["n": "namespace"]) { own, _ in own })
  }

  /// Opens the connections, runs `body`, closes them.
  static func with(_ arguments: Arguments, _ body: (ClientSession) async throws -> Int32) async throws
    -> Int32
  {
    let configuration = try configuration(arguments)
    let group = try EventLoopGroup(loops: 1, name: "client")
    let session = ClientSession(
      client: KubeClient(PrintedWarnings(try HTTPSKubeTransport(configuration, group: group))),
      http: HTTPClient(group: group),
      namespace: arguments.value("namespace") ?? configuration.namespace)
    do {
      let code = try await body(session)
      await group.shutdown()
      return code
    } catch {
      await group.shutdown()
      throw error
    }
  }

  /// `--kubeconfig`, else that of `--data-dir`, else `KUBECONFIG`, else that of a local `apus up`, else
  /// kubectl's own.
  private static func configuration(_ arguments: Arguments) throws -> KubeConfiguration {
    let context = arguments.value("context")
    if let path = arguments.value("kubeconfig") { return try .load(path: path, context: context) }
    let directory = try DataDirectory(option: arguments.value("data-dir"))
    let isLocalWanted =
      arguments.value("data-dir") != nil
      || ((ProcessEnvironment.variable("KUBECONFIG") ?? "").isEmpty && Files.exists(directory.kubeconfigPath))
    return try .load(path: isLocalWanted ? directory.kubeconfigPath : nil, context: context)
  }

  /// `TYPE NAME…` or `TYPE/NAME…` as pairs.
  func typedNames(_ words: [String], purpose: String) throws -> [(type: String, name: String)] {
    let slashed = words.map { $0.split(separator: "/", maxSplits: 1).map(String.init) }
    if !slashed.isEmpty, slashed.allSatisfy({ $0.count == 2 }) { return slashed.map { ($0[0], $0[1]) } }
    guard let type = words.first, words.count > 1 else {
      throw UsageError(message: "name what is \(purpose): -f FILE, TYPE NAME or TYPE/NAME")
    }
    return words.dropFirst().map { (type, $0) }
  }
}
