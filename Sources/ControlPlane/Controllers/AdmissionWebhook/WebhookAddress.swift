internal import Basics
internal import Formats

/// How API servers reach the webhook.
public enum WebhookAddress: Sendable, Hashable {
  /// By a Service of the cluster, on port 443.
  case service(namespace: String, name: String)
  /// For a webhook that runs outside of the cluster.
  case host(String, port: Int)

  /// The Service's name in every installation.
  public static let serviceName = "kserve-webhook-server-service"

  /// `clientConfig` of a webhook.
  func clientConfig(path: String, authorityPEM: String) -> JSONValue {
    var configuration: JSONValue = ["caBundle": .string(Base64.encode(Bytes(authorityPEM.utf8)))]
    switch self {
    case .service(let namespace, let name):
      configuration["service"] = [
        "namespace": .string(namespace), "name": .string(name), "port": 443, "path": .string(path),
      ]
    case .host(let host, let port):
      let shown = host.contains(":") ? "[\(host)]" : host
      configuration["url"] = .string("https://\(shown):\(port)\(path)")
    }
    return configuration
  }

  /// The names that the certificate must cover.
  var hostNames: [String] {
    switch self {
    case .service(let namespace, let name):
      [name, "\(name).\(namespace)", "\(name).\(namespace).svc", "\(name).\(namespace).svc.cluster.local"]
    case .host(let host, _): [host]
    }
  }
}
