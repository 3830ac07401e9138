internal import AdmissionWebhook
internal import HTTPTransport
internal import KubeClient
internal import Linux
internal import ServingAPI

/// The command line of `apus webhook`; ports and names are upstream's.
struct WebhookOptions {
  let cluster: KubeConfiguration
  let settings: AdmissionWebhook.Settings
  let health: ListenAddress

  private static let grammar = Arguments.Grammar(
    options: [
      "kubeconfig", "context", "namespace", "webhook-port", "webhook-host", "health-probe-addr",
    ], short: ["n": "namespace"])
  private static let everywhere = "0.0.0.0"

  init(_ arguments: [String]) throws {
    let arguments = try Arguments(arguments, grammar: Self.grammar)
    guard arguments.positional.isEmpty else {
      throw UsageError(message: "unexpected argument '\(arguments.positional[0])'; see apus webhook --help")
    }
    let namespace =
      arguments.value("namespace") ?? ProcessEnvironment.variable("POD_NAMESPACE")
      ?? ServingPlatform.namespace
    let port = try arguments.port("webhook-port") ?? 9443
    // Only a Service leads to a pod's every address; a host of one's own is bound alone.
    let host = arguments.value("webhook-host")
    settings = AdmissionWebhook.Settings(
      listen: ListenAddress(host: host ?? Self.everywhere, port: port), namespace: namespace,
      address: host.map { .host($0, port: port) }
        ?? .service(namespace: namespace, name: WebhookAddress.serviceName))
    health = try Self.address(arguments.value("health-probe-addr") ?? ":8081")
    cluster = try KubeConfiguration.load(
      path: arguments.value("kubeconfig"), context: arguments.value("context"))
  }

  /// `host:port`, or `:port` for every address.
  private static func address(_ text: String) throws(UsageError) -> ListenAddress {
    let full = text.hasPrefix(":") ? everywhere + text : text
    guard let address = ListenAddress(full) else {
      throw UsageError(message: "--health-probe-addr must be HOST:PORT or :PORT, not '\(text)'")
    }
    return address
  }
}
