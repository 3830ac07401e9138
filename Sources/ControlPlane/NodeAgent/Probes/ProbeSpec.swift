internal import Formats

/// Which of a container's three probes.
enum ProbeKind: String, Sendable, CaseIterable {
  case startup, readiness, liveness

  /// The member of the container.
  var member: String { "\(rawValue)Probe" }
  /// As events begin: `Readiness probe failed: …`.
  var title: String {
    switch self {
    case .startup: "Startup"
    case .readiness: "Readiness"
    case .liveness: "Liveness"
    }
  }
}

/// What a probe or hook does and how often, with the API's defaults.
struct ProbeSpec: Sendable, Hashable {
  enum Action: Sendable, Hashable {
    /// `host` is nil for the pod's own address.
    case httpGet(host: String?, port: Int, path: String, isHTTPS: Bool, headers: [Header])
    case tcpSocket(host: String?, port: Int)
    case execute([String])
    case sleep(seconds: Int64)
    /// Cannot be carried out, and why.
    case invalid(String)
  }

  struct Header: Sendable, Hashable {
    var name: String
    var value: String
  }

  var action: Action
  var initialDelay: Duration
  var period: Duration
  var timeout: Duration
  var successThreshold: Int
  var failureThreshold: Int
  /// Overrides the pod's grace when a liveness failure ends the container.
  var terminationGrace: Duration?

  init(json: JSONValue, container: ContainerSpec) {
    func seconds(_ member: String, _ fallback: Int64, atLeast minimum: Int64) -> Duration {
      .seconds(min(86_400, max(minimum, json[member]?.int ?? fallback)))
    }
    action = Action(json: json, container: container)
    initialDelay = seconds("initialDelaySeconds", 0, atLeast: 0)
    period = seconds("periodSeconds", 10, atLeast: 1)
    timeout = seconds("timeoutSeconds", 1, atLeast: 1)
    successThreshold = Int(clamping: max(1, json["successThreshold"]?.int ?? 1))
    failureThreshold = Int(clamping: max(1, json["failureThreshold"]?.int ?? 3))
    terminationGrace = json["terminationGracePeriodSeconds"]?.int.map { .seconds(min(86_400, max(0, $0))) }
  }
}

extension ProbeSpec.Action {
  /// From a probe or a lifecycle handler.
  init(json: JSONValue, container: ContainerSpec) {
    if let get = json["httpGet"], get.object != nil {
      guard let port = container.port(get["port"]) else {
        self = .invalid("httpGet.port \(get["port"]?.encodedText ?? "") is neither a port nor a port's name")
        return
      }
      let headers = (get["httpHeaders"]?.array ?? []).compactMap { header -> ProbeSpec.Header? in
        guard let name = header["name"]?.string, let value = header["value"]?.string else { return nil }
        return ProbeSpec.Header(name: name, value: value)
      }
      let path = get["path"]?.string ?? "/"
      self = .httpGet(
        host: Self.host(get), port: port, path: path.hasPrefix("/") ? path : "/\(path)",
        isHTTPS: get["scheme"]?.string == "HTTPS", headers: headers)
    } else if let socket = json["tcpSocket"], socket.object != nil {
      guard let port = container.port(socket["port"]) else {
        self = .invalid(
          "tcpSocket.port \(socket["port"]?.encodedText ?? "") is neither a port nor a port's name")
        return
      }
      self = .tcpSocket(host: Self.host(socket), port: port)
    } else if let execute = json["exec"], execute.object != nil {
      let command = execute.texts("command")
      self = command.isEmpty ? .invalid("exec.command is empty") : .execute(command)
    } else if let sleep = json["sleep"], sleep.object != nil {
      self = .sleep(seconds: min(86_400, max(0, sleep["seconds"]?.int ?? 0)))
    } else if json["grpc"] != nil {
      self = .invalid("gRPC probes are not supported yet: use httpGet or tcpSocket on the same server")
    } else {
      self = .invalid("it has no handler: give it httpGet, tcpSocket or exec")
    }
  }

  private static func host(_ json: JSONValue) -> String? {
    json["host"]?.string.flatMap { $0.isEmpty || $0 == "localhost" || $0 == "127.0.0.1" ? nil : $0 }
  }
}
