internal import Formats
internal import KubeProtocol

/// A Gateway of our class: the listeners that routes attach to.
struct GatewaySpec: Sendable {
  struct Listener: Sendable {
    enum Namespaces: Sendable {
      case same, all
      case selector(LabelSelector)
    }

    var name: String
    var port: Int64?
    var hostname: HostPattern?
    var namespaces: Namespaces
    /// Why the listener takes no routes, as condition reason and sentence; nil where it does.
    var problem: Backend.ReferenceProblem?
  }

  var key: ObjectKey
  var generation: Int64
  var listeners: [Listener]

  init(_ object: KubeObject) {
    key = object.key
    generation = object.generation
    listeners = (object.spec?["listeners"]?.array ?? []).map(Self.listener)
  }

  private static func listener(_ json: JSONValue) -> Listener {
    let protocolName = json["protocol"]?.string ?? "HTTP"
    var listener = Listener(
      name: json["name"]?.string ?? "", port: json["port"]?.int,
      hostname: json["hostname"]?.string.map(HostPattern.init), namespaces: .same)
    if protocolName != "HTTP" {
      listener.problem = Backend.ReferenceProblem(
        reason: "UnsupportedProtocol", message: "protocol \(protocolName) is not supported; only HTTP is")
    }
    switch json.at("allowedRoutes", "namespaces", "from")?.string ?? "Same" {
    case "All": listener.namespaces = .all
    case "Selector":
      do {
        listener.namespaces = .selector(
          try LabelSelector(json: json.at("allowedRoutes", "namespaces", "selector") ?? [:]))
      } catch {
        listener.problem = Backend.ReferenceProblem(
          reason: "Invalid", message: "the namespace selector cannot be read: \(error.message)")
      }
    default: break
    }
    return listener
  }
}

extension GatewaySpec.Listener {
  /// Whether routes of a namespace may attach.
  /// - Parameter labels: of that namespace; nil where it is unknown.
  func admits(_ namespace: String, of gateway: ObjectKey, labels: [String: String]?) -> Bool {
    switch namespaces {
    case .all: true
    case .same: namespace == gateway.namespace
    case .selector(let selector): labels.map(selector.matches) ?? false
    }
  }
}
