internal import Basics
internal import Crypto
internal import Formats

/// One kubeconfig file, or several merged.
struct Kubeconfig {
  private struct Entry {
    var name: String
    var value: JSONValue
    /// The file that it came from: relative paths in it count from there.
    var file: String
  }

  private var clusters: [Entry] = []
  private var users: [Entry] = []
  private var contexts: [Entry] = []
  private var currentContext = ""

  init() {}

  init(text: String, file: String) throws(KubeConfigurationError) {
    let documents: [JSONValue]
    do {
      documents = try YAML.parse(text)
    } catch {
      throw KubeConfigurationError("kubeconfig \(file): \(error)")
    }
    guard let root = documents.first, root.object != nil else {
      throw KubeConfigurationError("kubeconfig \(file): is empty, or no YAML object")
    }
    func entries(_ list: String, _ member: String) -> [Entry] {
      (root[list]?.array ?? []).compactMap { item in
        guard let name = item["name"]?.string, let value = item[member] else { return nil }
        return Entry(name: name, value: value, file: file)
      }
    }
    clusters = entries("clusters", "cluster")
    users = entries("users", "user")
    contexts = entries("contexts", "context")
    currentContext = root["current-context"]?.string ?? ""
  }

  /// Adds what is not there yet.
  mutating func merge(_ other: Kubeconfig) {
    func add(_ new: [Entry], to old: inout [Entry]) {
      for entry in new where !old.contains(where: { $0.name == entry.name }) { old.append(entry) }
    }
    add(other.clusters, to: &clusters)
    add(other.users, to: &users)
    add(other.contexts, to: &contexts)
    if currentContext.isEmpty { currentContext = other.currentContext }
  }

  func configuration(context wanted: String?) throws(KubeConfigurationError) -> KubeConfiguration {
    let contextName = wanted ?? currentContext
    guard !contextName.isEmpty else {
      throw KubeConfigurationError("the kubeconfig names no current-context: set it, or name a context")
    }
    guard let context = contexts.first(where: { $0.name == contextName }) else {
      throw KubeConfigurationError("the kubeconfig has no context \"\(contextName)\"")
    }
    let clusterName = context.value["cluster"]?.string ?? ""
    guard let cluster = clusters.first(where: { $0.name == clusterName }) else {
      throw KubeConfigurationError(
        "\(context.file): context \"\(contextName)\" names an unknown cluster \"\(clusterName)\"")
    }
    guard var server = cluster.value["server"]?.string,
      server.hasPrefix("https://") || server.hasPrefix("http://")
    else {
      throw KubeConfigurationError(
        "\(cluster.file): cluster \"\(clusterName)\": server must be an http(s) URL")
    }
    while server.hasSuffix("/") { server.removeLast() }
    if cluster.value["insecure-skip-tls-verify"]?.bool == true {
      throw KubeConfigurationError(
        "\(cluster.file): cluster \"\(clusterName)\": insecure-skip-tls-verify is not supported; "
          + "give certificate-authority-data instead")
    }
    var result = KubeConfiguration(server: server)
    result.authorityPEM = try Self.material(cluster, "certificate-authority")
    if let namespace = context.value["namespace"]?.string, !namespace.isEmpty { result.namespace = namespace }
    try Self.setCredentials(&result, of: context, users)
    return result
  }

  private static func setCredentials(
    _ result: inout KubeConfiguration, of context: Entry, _ users: [Entry]
  ) throws(KubeConfigurationError) {
    let userName = context.value["user"]?.string ?? ""
    if userName.isEmpty { return }
    guard let user = users.first(where: { $0.name == userName }) else {
      throw KubeConfigurationError(
        "\(context.file): context \"\(context.name)\" names an unknown user \"\(userName)\"")
    }
    for key in ["exec", "auth-provider", "username"] where user.value[key] != nil {
      throw KubeConfigurationError(
        "\(user.file): user \"\(userName)\": \(key) is not supported; use a token or a client certificate")
    }
    result.token = user.value["token"]?.string
    if let file = user.value["tokenFile"]?.string {
      result.tokenFile = resolve(file, in: user.file)
      if result.token == nil { result.token = try KubeConfiguration.text(of: resolve(file, in: user.file)) }
    }
    result.clientCertificatePEM = try material(user, "client-certificate")
    result.clientKeyPEM = try material(user, "client-key")
    if (result.clientCertificatePEM == nil) != (result.clientKeyPEM == nil) {
      throw KubeConfigurationError(
        "\(user.file): user \"\(userName)\": client-certificate and client-key must come together")
    }
  }

  /// `<key>-data` in base64, or the file `<key>`.
  private static func material(_ entry: Entry, _ key: String) throws(KubeConfigurationError) -> String? {
    if let data = entry.value["\(key)-data"]?.string, !data.isEmpty {
      guard let bytes = Base64.decode(data), let text = String(validating: bytes, as: UTF8.self) else {
        throw KubeConfigurationError(
          "\(entry.file): \"\(entry.name)\": \(key)-data is no base64 of a PEM text")
      }
      return text
    }
    guard let file = entry.value[key]?.string, !file.isEmpty else { return nil }
    return try KubeConfiguration.text(of: resolve(file, in: entry.file))
  }

  private static func resolve(_ path: String, in file: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return "\(file[...slash])\(path)"
  }
}
