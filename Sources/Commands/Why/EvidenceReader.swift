internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

/// Reads what explanations are made of, by the API alone, so that it works on any cluster.
struct EvidenceReader: Sendable {
  let client: KubeClient
  /// Lines of a container's output.
  var logLines = 8

  /// What the services of one reading share.
  private struct Runtimes: Sendable {
    var namespace: [KubeObject] = []
    var cluster: [KubeObject] = []
    var gaps: [String] = []
  }

  func evidence(_ namespace: String, _ name: String) async throws -> ServiceEvidence {
    let service = try await client.get(.inferenceServices, namespace: namespace, name: name)
    return try await evidence(of: service)
  }

  func evidence(of service: KubeObject) async throws -> ServiceEvidence {
    var evidence = ServiceEvidence(service: service)
    let namespace = service.namespace
    let label = "\(ServingLabel.inferenceService)=\(service.name)"
    let runtimes = await runtimes(namespace)
    evidence.namespaceRuntimes = runtimes.namespace
    evidence.clusterRuntimes = runtimes.cluster
    var gaps = runtimes.gaps
    evidence.deployments = await list(.deployments, namespace, label, &gaps)
    evidence.replicaSets = await list(.replicaSets, namespace, label, &gaps)
    evidence.pods = await list(.pods, namespace, label, &gaps)
    evidence.routes = await list(.httpRoutes, namespace, label, &gaps)
    for object in [service] + evidence.replicaSets + evidence.pods {
      evidence.events += await events(about: object, &gaps)
    }
    for wanted in evidence.wantedLogs {
      if let tail = await log(namespace, wanted) { evidence.logs.append(tail) }
    }
    evidence.gaps = Array(Set(gaps)).sorted()
    return evidence
  }

  /// The same of many services: each kind is listed once, whatever their number.
  /// - Parameter namespace: where all of them are; nil: anywhere.
  func evidence(of services: [KubeObject], in namespace: String?) async -> [ServiceEvidence] {
    var gaps: [String] = []
    let runtimes = await runtimes(namespace)
    gaps += runtimes.gaps
    let deployments = await children(.deployments, namespace, &gaps)
    let replicaSets = await children(.replicaSets, namespace, &gaps)
    let pods = await children(.pods, namespace, &gaps)
    let routes = await children(.httpRoutes, namespace, &gaps)
    let events = Dictionary(grouping: await list(.events, namespace, nil, &gaps)) { event in
      let involved = event["involvedObject"]
      return ObjectKey(
        namespace: involved?["namespace"]?.string ?? event.namespace, name: involved?["name"]?.string ?? "")
    }
    var all: [ServiceEvidence] = []
    for service in services {
      var evidence = ServiceEvidence(service: service)
      evidence.namespaceRuntimes = runtimes.namespace.filter { $0.namespace == service.namespace }
      evidence.clusterRuntimes = runtimes.cluster
      evidence.deployments = deployments[service.key] ?? []
      evidence.replicaSets = replicaSets[service.key] ?? []
      evidence.pods = pods[service.key] ?? []
      evidence.routes = routes[service.key] ?? []
      evidence.events = ([service] + evidence.replicaSets + evidence.pods).flatMap { events[$0.key] ?? [] }
      for wanted in evidence.wantedLogs {
        if let tail = await log(service.namespace, wanted) { evidence.logs.append(tail) }
      }
      evidence.gaps = Array(Set(gaps)).sorted()
      all.append(evidence)
    }
    return all
  }

  /// Objects of one kind, by the service that they belong to.
  private func children(
    _ resource: KubeResource, _ namespace: String?, _ gaps: inout [String]
  ) async -> [ObjectKey: [KubeObject]] {
    let all = await list(resource, namespace, ServingLabel.inferenceService, &gaps)
    return Dictionary(grouping: all) { object in
      ObjectKey(namespace: object.namespace, name: object.labels[ServingLabel.inferenceService] ?? "")
    }
  }

  /// What a forecast is decided by, and the service's children by kind and name.
  func surroundings(
    of service: KubeObject
  ) async throws -> (around: ServiceForecast.Surroundings, children: [String: KubeObject]) {
    let namespace = service.namespace
    let label = "\(ServingLabel.inferenceService)=\(service.name)"
    var gaps: [String] = []
    var around = ServiceForecast.Surroundings()
    let runtimes = await runtimes(namespace)
    around.namespaceRuntimes = runtimes.namespace
    around.clusterRuntimes = runtimes.cluster
    around.deployments = await list(.deployments, namespace, label, &gaps)
    around.pods = await list(.pods, namespace, label, &gaps)
    around.controllerRevisions = await list(.controllerRevisions, namespace, label, &gaps)
    var unlisted: [String] = []
    around.storageContainers = await list(.clusterStorageContainers, nil, nil, &unlisted)
    var unread: [String] = []
    let secrets = await list(.secrets, namespace, nil, &unread)
    around.serviceAccounts = await list(.serviceAccounts, namespace, nil, &unread)
    // Many may change services and not read Secrets: the rest is told to them.
    if unread.isEmpty { around.secrets = secrets }
    around.gaps = unread.map { "what credentials add to the pods is left out: \($0)" }
    around.gaps += unlisted.map { "what ClusterStorageContainers add to the pods is left out: \($0)" }
    around.gaps += runtimes.gaps
    do {
      let configMap = try await client.find(
        .configMaps, namespace: ServingPlatform.namespace, name: ServingPlatform.configMap)
      around.configuration = KubeObject.stringMap(configMap?["data"])
    } catch let error as KubeError where error.reason == .forbidden {
      around.gaps.append("the default configuration is assumed: \(error)")
    }
    var children = around.deployments + around.controllerRevisions
    children += await list(.services, namespace, label, &gaps)
    children += await list(.httpRoutes, namespace, label, &gaps)
    if let gap = gaps.first { throw UsageError(message: "the plan would be wrong: \(gap)") }
    let named = children.map { ("\($0.kind)/\($0.name)", $0) }
    return (around, Dictionary(named) { first, _ in first })
  }

  /// Every service of a namespace (nil: of all).
  func services(_ namespace: String?) async throws -> [KubeObject] {
    try await client.list(.inferenceServices, namespace: namespace).items
      .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
  }

  private func runtimes(_ namespace: String?) async -> Runtimes {
    var runtimes = Runtimes()
    runtimes.namespace = await list(.servingRuntimes, namespace, nil, &runtimes.gaps)
    var unread: [String] = []
    runtimes.cluster = await list(.clusterServingRuntimes, nil, nil, &unread)
    if !unread.isEmpty {
      // Whoever has rights in one namespace may not read them; "no runtime found" would be untrue.
      runtimes.cluster = BuiltInRuntimes.all
      runtimes.gaps += unread.map { "the built-in ClusterServingRuntimes are assumed: \($0)" }
    }
    return runtimes
  }

  /// What cannot be read is told, and the rest explained without it.
  func list(
    _ resource: KubeResource, _ namespace: String?, _ label: String?, _ gaps: inout [String]
  ) async -> [KubeObject] {
    do {
      return try await client.list(resource, namespace: namespace, labelSelector: label).items.map { item in
        // Lists leave these out of their items.
        var item = item
        if item.kind.isEmpty { item.json["kind"] = .string(resource.kind) }
        return item
      }
    } catch {
      gaps.append("\(resource.plural) cannot be read: \(error)")
      return []
    }
  }

  private func events(about object: KubeObject, _ gaps: inout [String]) async -> [KubeObject] {
    do {
      return try await client.list(
        .events, namespace: object.namespace, fieldSelector: "involvedObject.name=\(object.name)"
      ).items
    } catch {
      gaps.append("events cannot be read: \(error)")
      return []
    }
  }

  /// - Parameter most: lines, and characters of each.
  func log(
    _ namespace: String, _ wanted: (pod: String, container: String, isPrevious: Bool),
    most: (lines: Int, characters: Int)? = nil
  ) async -> ServiceEvidence.LogTail? {
    let most = most ?? (logLines, 400)
    let path = KubeResource.pods.path(namespace: namespace, name: wanted.pod, subresource: "log")
    var query: [(name: String, value: String)] = [
      ("container", wanted.container), ("tailLines", String(most.lines)),
    ]
    if wanted.isPrevious { query.append(("previous", "true")) }
    let request = KubeRequest(method: "GET", path: path, query: query, accept: "text/plain, */*")
    // A log that is gone, or not there yet, is no evidence.
    guard let response = try? await client.transport.send(request), response.status == 200,
      let bytes = try? await Self.bytes(response.body)
    else { return nil }
    let lines = String(decoding: bytes.prefix(Self.logLimit), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { String($0.prefix(most.characters)) }
    return ServiceEvidence.LogTail(
      pod: wanted.pod, container: wanted.container, isPrevious: wanted.isPrevious,
      lines: lines.suffix(most.lines).map { Self.printable($0) })
  }

  private static let logLimit = 64 << 10

  private static func bytes(_ body: KubeResponse.Body) async throws -> Bytes? {
    switch body {
    case .bytes(let bytes, _): return bytes
    case .stream(let chunks, _):
      var bytes = Bytes()
      for try await chunk in chunks {
        bytes += chunk
        if bytes.count > logLimit { break }
      }
      return bytes
    default: return nil
    }
  }

  /// Without what would drive a terminal.
  private static func printable(_ line: String) -> String {
    String(
      line.unicodeScalars.map { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F ? " " : Character($0) })
  }
}
