internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import ServingAPI
internal import ServingControllers

/// `apus plan -f FILE`: what `apply` would do, before it is done. Without `--server` the files alone count,
/// with it what is there too. Exit code 0: nothing to do, 2: changes, 1: something is refused.
enum PlanCommand {
  static let verb = Verb.reporting("plan", "say what apply would do: -f FILE [--server] [-o json]") {
    arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["filename", "output"], switches: ["server"], short: ["f": "filename", "o": "output"]))
    let format = parsed.value("output") ?? ""
    guard ["", "json"].contains(format) else {
      throw UsageError(message: "unknown output '\(format)': use json, or nothing")
    }
    let manifests = try Manifests.read(parsed.all("filename") + parsed.positional).map(\.object)
    if parsed.has("server") {
      return try await ClientSession.with(parsed) { session in
        var planner = ServerPlanner(session: session, manifests: manifests)
        var objects: [PlannedObject] = []
        for manifest in manifests { objects.append(try await planner.plan(manifest)) }
        return show(objects, isJSON: format == "json")
      }
    }
    let planner = FilePlanner(manifests: manifests, namespace: parsed.value("namespace") ?? "default")
    return show(manifests.map(planner.plan), isJSON: format == "json")
  }

  private static func show(_ objects: [PlannedObject], isJSON: Bool) -> Int32 {
    if isJSON {
      StandardStreams.write(JSONValue.array(objects.map(\.json)).prettyText(indent: 2) + "\n")
    } else {
      StandardStreams.write(PlanText(style: .output).render(objects))
    }
    if objects.contains(where: \.isRefused) { return 1 }
    return objects.contains(where: \.changes) ? 2 : 0
  }
}

/// Plans by the files alone: nothing is there yet, and the runtimes are the built-in ones and the files' own.
struct FilePlanner {
  let manifests: [KubeObject]
  let namespace: String

  func plan(_ manifest: KubeObject) -> PlannedObject {
    var object = manifest
    if object.kind == KubeResource.inferenceServices.kind, object.namespace.isEmpty {
      object.namespace = namespace
    }
    guard object.kind == KubeResource.inferenceServices.kind,
      object.groupVersionKind.group == KubeResource.inferenceServices.group
    else {
      return PlannedObject(object, action: .create)
    }
    var around = ServiceForecast.Surroundings()
    around.namespaceRuntimes = manifests.filter {
      $0.kind == KubeResource.servingRuntimes.kind
        && ($0.namespace.isEmpty ? namespace : $0.namespace) == object.namespace
    }
    let own = manifests.filter { $0.kind == KubeResource.clusterServingRuntimes.kind }
    let names = Set(own.map(\.name))
    around.clusterRuntimes = own + BuiltInRuntimes.all.filter { !names.contains($0.name) }
    around.storageContainers = manifests.filter {
      $0.kind == KubeResource.clusterStorageContainers.kind
    }
    around.configuration = KubeObject.stringMap(
      manifests.first { $0.kind == "ConfigMap" && $0.name == ServingPlatform.configMap }?["data"])
    return .service(object, around, existing: nil, children: [:])
  }
}

extension PlannedObject {
  /// - Parameter children: what is there of them, by kind and name.
  static func service(
    _ object: KubeObject, written: KubeObject? = nil, _ around: ServiceForecast.Surroundings,
    existing: KubeObject?, children: [String: KubeObject]
  ) -> PlannedObject {
    let platform = InferenceServiceConfig.Platform(ingressDomain: "localhost")
    let forecast = ServiceForecast(object, written: written, around, platform: platform)
    let differences = existing.map { ObjectDifference.list($0.json, object.json) } ?? []
    var planned = PlannedObject(
      object,
      action: forecast.cause != nil
        ? .refused : existing == nil ? .create : differences.isEmpty ? .none : .change,
      differences: differences, cause: forecast.cause)
    planned.forecast = forecast
    planned.children = forecast.children.map { child in
      PlannedObject(
        child: child.object, existing: children["\(child.object.kind)/\(child.object.name)"])
    }
    return planned
  }
}

/// Plans with the API's dry run and with what is there.
struct ServerPlanner {
  let session: ClientSession
  /// All of them: a Secret may come in the same file as the service that needs it.
  let manifests: [KubeObject]
  private var mapper: ResourceMapper

  init(session: ClientSession, manifests: [KubeObject]) {
    self.session = session
    self.manifests = manifests
    mapper = ResourceMapper(client: session.client)
  }

  /// A namespace that comes with the files has nothing in it yet, and the API has no dry run for it.
  private func comesWithItsNamespace(_ object: KubeObject, _ error: KubeError) -> Bool {
    error.reason == .notFound && error.kind == "namespaces"
      && manifests.contains { $0.groupVersionKind == Self.namespaces && $0.name == object.namespace }
  }

  private static let namespaces = GroupVersionKind(group: "", version: "v1", kind: "Namespace")

  mutating func plan(_ manifest: KubeObject) async throws -> PlannedObject {
    let resource = try await mapper.resource(for: manifest.groupVersionKind)
    var desired = manifest
    if resource.isNamespaced, desired.namespace.isEmpty { desired.namespace = session.namespace }
    let namespace = resource.isNamespaced ? desired.namespace : nil
    let existing = try await session.client.find(resource, namespace: namespace, name: desired.name)
    let stored: KubeObject
    do {
      stored = try await dryRun(desired, existing, resource)
    } catch let error as KubeError where comesWithItsNamespace(desired, error) {
      return FilePlanner(manifests: manifests, namespace: session.namespace).plan(desired)
    } catch let error as KubeError {
      return PlannedObject(
        desired, action: .refused, cause: AdmissionCause.make(error, name: desired.name))
    }
    guard resource == .inferenceServices else {
      let found = existing.map { ObjectDifference.list($0.json, stored.json) } ?? []
      return PlannedObject(
        stored, action: existing == nil ? .create : found.isEmpty ? .none : .change, differences: found)
    }
    var object = stored
    object.status = existing?.status
    var (around, children) = try await EvidenceReader(client: session.client).surroundings(of: object)
    around.secrets = around.secrets.map { applied(.secrets, to: $0, in: object.namespace) }
    around.serviceAccounts = applied(.serviceAccounts, to: around.serviceAccounts, in: object.namespace)
    around.namespaceRuntimes = applied(.servingRuntimes, to: around.namespaceRuntimes, in: object.namespace)
    around.clusterRuntimes = applied(.clusterServingRuntimes, to: around.clusterRuntimes, in: "")
    around.storageContainers = applied(.clusterStorageContainers, to: around.storageContainers, in: "")
    return .service(object, written: desired, around, existing: existing, children: children)
  }

  /// What is there of a kind, with the files' own in its place.
  private func applied(
    _ resource: KubeResource, to existing: [KubeObject], in namespace: String
  ) -> [KubeObject] {
    let own = manifests.filter { manifest in
      manifest.kind == resource.kind && manifest.groupVersionKind.group == resource.group
        && (!resource.isNamespaced
          || (manifest.namespace.isEmpty ? session.namespace : manifest.namespace) == namespace)
    }
    let names = Set(own.map(\.name))
    return own + existing.filter { !names.contains($0.name) }
  }

  /// What the API would store.
  private func dryRun(
    _ desired: KubeObject, _ existing: KubeObject?, _ resource: KubeResource
  ) async throws -> KubeObject {
    let query: [(name: String, value: String)] = [("fieldValidation", "Strict"), ("dryRun", "All")]
    guard let existing else {
      return KubeObject(
        json: try await session.client.json(
          .init(
            method: "POST", path: resource.path(namespace: desired.namespace), query: query,
            body: .json(desired.json))))
    }
    let patch = ApplyCommand.patch(existing: existing, desired: ApplyCommand.annotated(desired))
    return KubeObject(
      json: try await session.client.json(
        .init(
          method: "PATCH", path: resource.path(namespace: desired.namespace, name: desired.name),
          query: query, body: .json(patch), contentType: PatchType.merge.rawValue)))
  }
}
