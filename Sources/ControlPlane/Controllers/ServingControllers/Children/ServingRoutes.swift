internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The HTTPRoutes of a service; pure.
struct ServingRoutes {
  let hosts: ServingHosts
  /// What is routed, by component.
  let plans: [ComponentKind: ComponentPlan]

  private var service: InferenceService { hosts.service }
  private var configuration: InferenceServiceConfig { hosts.configuration }

  static let everyPath = "^/.*$"
  static let explainPath = #"^/v1/models/[\w-]+:explain$"#
  static let grpcPath = #"^/inference\.GRPCInferenceService/.*$"#

  /// Those of the components, then those of tags, then the service's own.
  func makeRoutes() throws(PlaceholderTemplate.Failure) -> [KubeObject] {
    guard hosts.isExposed, configuration.ingress.isGatewayAPIEnabled else { return [] }
    var routes: [KubeObject] = []
    for kind in ComponentKind.allCases {
      guard let plan = plans[kind] else { continue }
      routes.append(
        makeRoute(
          plan.component.baseName, hosts: try hosts.allHosts(of: kind) + insideHosts(plan),
          rules: rules(plan, plan.targets, path: Self.everyPath)))
      routes += makeTagRoutes(plan)
    }
    if let entry = plans[service.entry] {
      var rules = rules(entry, entry.targets, path: Self.everyPath)
      if let explainer = plans[.explainer] {
        rules = self.rules(explainer, explainer.targets, path: Self.explainPath) + rules
      }
      routes.append(makeRoute(service.name, hosts: try hosts.allHosts(), rules: rules))
      if let route = try makePathRoute(entry) { routes.append(route) }
    }
    return routes
  }

  /// A predictor that others of the service ask is known by its names inside the cluster too: while its
  /// requests are split, theirs come through the gateway.
  private func insideHosts(_ plan: ComponentPlan) -> [String] {
    guard plan.component.isCalledInside else { return [] }
    return ([plan.component.name] + plan.formerNames).flatMap(hosts.insideHosts)
  }

  /// A host of its own for each tag.
  private func makeTagRoutes(_ plan: ComponentPlan) -> [KubeObject] {
    plan.targets.compactMap { target in
      guard let tag = target.tag else { return nil }
      var alone = target
      alone.percent = 100
      return makeRoute(
        "\(plan.component.baseName)-\(tag)", hosts: [hosts.host(of: plan.component.kind, tag: tag)],
        rules: rules(plan, [alone], path: Self.everyPath))
    }
  }

  /// The service below a path of the common domain, where the configuration has `pathTemplate`. The path is
  /// taken off on the way, so that the model server sees its own.
  private func makePathRoute(_ entry: ComponentPlan) throws(PlaceholderTemplate.Failure) -> KubeObject? {
    guard let path = try ServingHosts.path(service, configuration) else { return nil }
    var rules = [
      makePathRule(
        entry, type: "PathPrefix", path,
        rewrite: ["type": "ReplacePrefixMatch", "replacePrefixMatch": "/"])
    ]
    if let explainer = plans[.explainer] {
      let inner = "/v1/models/\(service.name):explain"
      rules.insert(
        makePathRule(
          explainer, type: "Exact", path + inner,
          rewrite: ["type": "ReplaceFullPath", "replaceFullPath": .string(inner)]), at: 0)
    }
    return makeRoute("\(service.name)-path", hosts: [configuration.ingress.domain], rules: rules)
  }

  private func makePathRule(
    _ plan: ComponentPlan, type: String, _ path: String, rewrite: JSONValue
  ) -> JSONValue {
    var rule = makeRule(
      plan, plan.targets, match: ["path": ["type": .string(type), "value": .string(path)]],
      port: plan.ports.first { !$0.isGRPC }?.port ?? 80)
    rule["filters"] = .array(
      (rule["filters"]?.array ?? []) + [["type": "URLRewrite", "urlRewrite": ["path": rewrite]]])
    return rule
  }

  // MARK: rules

  /// One rule, or two where the component speaks gRPC on a port of its own.
  private func rules(_ plan: ComponentPlan, _ targets: [TrafficTarget], path: String) -> [JSONValue] {
    let ports = plan.ports
    let plainPort = ports.first { !$0.isGRPC }?.port
    let grpcPort = ports.first(where: \.isGRPC)?.port
    var rules = [
      makeRule(plan, targets, match: ["path": Self.expression(path)], port: plainPort ?? grpcPort ?? 80)
    ]
    if path == Self.everyPath, plainPort != nil, let grpcPort {
      let match: JSONValue = [
        "path": Self.expression(Self.grpcPath),
        "headers": [
          ["type": "RegularExpression", "name": "content-type", "value": "^application/grpc.*"]
        ],
      ]
      rules.insert(makeRule(plan, targets, match: match, port: grpcPort), at: 0)
    }
    return rules
  }

  private static func expression(_ text: String) -> JSONValue {
    ["type": "RegularExpression", "value": .string(text)]
  }

  private func makeRule(
    _ plan: ComponentPlan, _ targets: [TrafficTarget], match: JSONValue, port: Int64
  ) -> JSONValue {
    let headers: JSONValue = [
      ["name": "KServe-Isvc-Name", "value": .string(service.name)],
      ["name": "KServe-Isvc-Namespace", "value": .string(service.namespace)],
    ]
    let backends = targets.map { target -> JSONValue in
      [
        "group": "", "kind": "Service", "name": .string(target.service),
        "namespace": .string(service.namespace), "port": .int(port),
        "weight": .int(targets.count == 1 ? 1 : target.percent),
      ]
    }
    var rule: JSONValue = [
      "matches": [match],
      "filters": [["type": "RequestHeaderModifier", "requestHeaderModifier": ["set": headers]]],
      "backendRefs": .array(backends),
    ]
    if !configuration.ingress.isRouteTimeoutDisabled {
      rule["timeouts"] = [
        "request": .string(RouteDuration.text(seconds: plan.component.spec.timeoutSeconds ?? 60))
      ]
    }
    return rule
  }

  private func makeRoute(_ name: String, hosts: [String], rules: [JSONValue]) -> KubeObject {
    var route = KubeObject(.httpRoutes, namespace: service.namespace, name: name)
    let hidden = ComponentMetadata.switches.union(configuration.notPropagatedAnnotations)
    route.labels = service.labels.filter { !configuration.notPropagatedLabels.contains($0.key) }
      .merging([ServingLabel.inferenceService: service.name]) { $1 }
    route.annotations = service.annotations.filter { !hidden.contains($0.key) }
    route.ownerReferences = [OwnerReference(controller: service.object)]
    route.spec = [
      "parentRefs": [
        [
          "group": "gateway.networking.k8s.io", "kind": "Gateway",
          "name": .string(configuration.ingress.gatewayName),
          "namespace": .string(configuration.ingress.gatewayNamespace),
        ]
      ],
      "hostnames": .array(hosts.map { .string($0) }), "rules": .array(rules),
    ]
    return route
  }

  // MARK: what routes name

  /// The Services that a route sends requests to, or has as backends at all.
  static func services(of route: KubeObject) -> Set<String> {
    var names: Set<String> = []
    for rule in route.spec?["rules"]?.array ?? [] {
      for backend in rule["backendRefs"]?.array ?? [] {
        if let name = backend["name"]?.string { names.insert(name) }
      }
    }
    return names
  }

  /// Whether every gateway that has a word in it has taken the route as it is now.
  static func isSettled(_ route: KubeObject) -> Bool {
    (route.status?["parents"]?.array ?? []).allSatisfy { parent in
      (parent["conditions"]?.array ?? []).allSatisfy { condition in
        condition["observedGeneration"]?.int.map { $0 >= route.generation } ?? true
      }
    }
  }
}
