internal import Crypto
internal import Formats
internal import Linux

/// How to reach a Kubernetes API and as whom.
public struct KubeConfiguration: Sendable, Hashable {
  /// `https://host:port[/prefix]`, without a slash at the end.
  public var server: String
  /// Trusted roots; nil for the system's.
  public var authorityPEM: String?
  public var token: String?
  /// Read again every minute: tokens of pods are renewed.
  public var tokenFile: String?
  public var clientCertificatePEM: String?
  public var clientKeyPEM: String?
  /// The namespace that commands mean when they name none.
  public var namespace: String

  public init(
    server: String, authorityPEM: String? = nil, token: String? = nil, namespace: String = "default"
  ) {
    self.server = server
    self.authorityPEM = authorityPEM
    self.token = token
    self.namespace = namespace
  }

  private static let fileLimit = 4 << 20
  private static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

  // MARK: where from

  /// As kubectl looks: `path`, else the files of `KUBECONFIG`, else `~/.kube/config`; else the pod's service
  /// account. Blocks on files.
  /// - Parameter context: nil for the file's `current-context`.
  public static func load(path: String? = nil, context: String? = nil) throws(KubeConfigurationError)
    -> KubeConfiguration
  {
    if let path { return try read(files: [path], context: context) }
    if let list = ProcessEnvironment.variable("KUBECONFIG"), !list.isEmpty {
      return try read(files: list.split(separator: ":").map(String.init), context: context)
    }
    let usual = "\(ProcessEnvironment.homeDirectory)/.kube/config"
    do {
      _ = try Files.status(usual)
    } catch {
      if ProcessEnvironment.variable("KUBERNETES_SERVICE_HOST") != nil { return try inCluster() }
      throw KubeConfigurationError(
        "no Kubernetes API is configured: KUBECONFIG is not set and \(usual) does not exist; "
          + "set KUBECONFIG to a kubeconfig file")
    }
    return try read(files: [usual], context: context)
  }

  /// From a pod's environment and mounted service account. Blocks on files.
  public static func inCluster(folder: String? = nil) throws(KubeConfigurationError) -> KubeConfiguration {
    let folder = folder ?? serviceAccountFolder
    guard let host = ProcessEnvironment.variable("KUBERNETES_SERVICE_HOST"), !host.isEmpty else {
      throw KubeConfigurationError("this is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set")
    }
    let port = ProcessEnvironment.variable("KUBERNETES_SERVICE_PORT") ?? "443"
    var configuration = KubeConfiguration(
      server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)")
    configuration.tokenFile = "\(folder)/token"
    configuration.token = try text(of: "\(folder)/token")
    configuration.authorityPEM = try text(of: "\(folder)/ca.crt")
    // Older clusters mount none.
    if let namespace = try? text(of: "\(folder)/namespace"), !namespace.isEmpty {
      configuration.namespace = namespace
    }
    return configuration
  }

  /// Merges kubeconfig files as kubectl does: what an earlier file names stands.
  private static func read(files: [String], context: String?) throws(KubeConfigurationError)
    -> KubeConfiguration
  {
    var merged = Kubeconfig()
    var found = false
    for file in files where !file.isEmpty {
      do {
        _ = try Files.status(file)
      } catch {
        if error.isNotFound && files.count > 1 { continue }
        throw KubeConfigurationError("cannot read kubeconfig \(file): \(error)")
      }
      merged.merge(try Kubeconfig(text: try text(of: file), file: file))
      found = true
    }
    guard found else {
      throw KubeConfigurationError("none of the kubeconfig files exists: \(files.joined(separator: ", "))")
    }
    return try merged.configuration(context: context)
  }

  /// The file without white space around it.
  static func text(of path: String) throws(KubeConfigurationError) -> String {
    do {
      let bytes = try Files.read(path, limit: fileLimit)
      let trimmed = bytes.reversed().drop { $0 <= 32 }.reversed().drop { $0 <= 32 }
      return String(decoding: Array(trimmed), as: UTF8.self)
    } catch {
      throw KubeConfigurationError("cannot read \(path): \(error)")
    }
  }
}

/// Why there is no usable configuration of the API: names the file or variable, and what to do.
public struct KubeConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}
