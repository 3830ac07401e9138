import Basics
import Formats
import KubeProtocol

@testable import Gateway

/// Objects as the API server would return them.
enum RouteObjects {
  static let parent: JSONValue = ["name": "gw", "namespace": "kserve"]

  static func route(
    _ name: String, hostnames: [String] = [], rules: [JSONValue], parents: [JSONValue] = [parent],
    namespace: String = "default", created: String = "2026-01-01T00:00:00Z"
  ) -> KubeObject {
    var route = KubeObject(.httpRoutes, namespace: namespace, name: name)
    route.uid = "uid-\(namespace)-\(name)"
    route.generation = 1
    route.resourceVersion = "1"
    route.creationTimestamp = Timestamp(rfc3339: created)
    route.spec = [
      "parentRefs": .array(parents), "hostnames": .array(hostnames.map { .string($0) }),
      "rules": .array(rules),
    ]
    return route
  }

  /// A rule to one service.
  static func rule(
    to service: String, path: (type: String, value: String)? = nil, method: String? = nil,
    headers: [String: String] = [:]
  ) -> JSONValue {
    var match: JSONValue = [:]
    if let path { match["path"] = ["type": .string(path.type), "value": .string(path.value)] }
    if let method { match["method"] = .string(method) }
    if !headers.isEmpty {
      match["headers"] = .array(
        headers.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] })
    }
    return ["matches": [match], "backendRefs": [["name": .string(service), "port": 80]]]
  }

  static func service(_ name: String, namespace: String = "default", ports: [JSONValue]? = nil) -> KubeObject
  {
    var service = KubeObject(.services, namespace: namespace, name: name)
    service.spec = ["ports": .array(ports ?? [["name": "http", "port": 80, "targetPort": 8080]])]
    return service
  }

  static func slice(
    _ service: String, addresses: [(address: String, isReady: Bool?)], port: Int = 8080,
    portName: String = "http",
    namespace: String = "default", name: String? = nil
  ) -> KubeObject {
    var slice = KubeObject(.endpointSlices, namespace: namespace, name: name ?? "\(service)-1")
    slice.labels = ["kubernetes.io/service-name": service]
    slice["addressType"] = "IPv4"
    slice["ports"] = [["name": .string(portName), "port": .int(port), "protocol": "TCP"]]
    slice["endpoints"] = .array(
      addresses.map { entry in
        var endpoint: JSONValue = ["addresses": [.string(entry.address)]]
        if let isReady = entry.isReady { endpoint["conditions"] = ["ready": .bool(isReady)] }
        return endpoint
      })
    return slice
  }

  static func gateway(_ listeners: [JSONValue]? = nil, name: String = "gw", namespace: String = "kserve")
    -> KubeObject
  {
    var gateway = KubeObject(.gateways, namespace: namespace, name: name)
    gateway.uid = "uid-\(name)"
    gateway.generation = 1
    gateway.spec = ["gatewayClassName": "apus", "listeners": .array(listeners ?? [listener()])]
    return gateway
  }

  static func listener(_ extra: JSONValue = [:]) -> JSONValue {
    var listener: JSONValue = [
      "name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": ["namespaces": ["from": "All"]],
    ]
    for member in extra.object ?? JSONObject() { listener[member.key] = member.value }
    return listener
  }

  /// Compiles a table; every service that a rule names exists with one ready endpoint unless `services` says
  /// otherwise.
  static func compile(
    _ routes: [KubeObject], gateways: [KubeObject] = [gateway()], services: [KubeObject] = [],
    slices: [KubeObject] = [], namespaceLabels: [String: [String: String]] = [:]
  ) -> GatewayCompiler.Result {
    var compiler = GatewayCompiler()
    return compiler.compile(
      update(
        routes, gateways: gateways, services: services, slices: slices, namespaceLabels: namespaceLabels))
  }

  /// Everything at once.
  static func update(
    _ routes: [KubeObject], gateways: [KubeObject]? = [gateway()], services: [KubeObject] = [],
    slices: [KubeObject] = [], namespaceLabels: [String: [String: String]] = [:]
  ) -> GatewayUpdate {
    var update = GatewayUpdate()
    update.gateways = gateways
    for route in routes { update.routes[route.key] = .some(route) }
    for (name, labels) in namespaceLabels { update.namespaces[name] = .some(labels) }
    for service in services { update.services[service.key, default: .init()].object = service }
    for slice in slices {
      let name = slice.labels[ServiceCatalog.serviceNameLabel] ?? ""
      update.services[ObjectKey(namespace: slice.namespace, name: name), default: .init()].slices
        .append(slice)
    }
    return update
  }
}
