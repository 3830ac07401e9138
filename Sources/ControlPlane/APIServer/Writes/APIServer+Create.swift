internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  private static let generatedNameAttempts = 8

  func create(_ target: ResourceRequest) async throws -> KubeResponse {
    let body = try RequestBody(target.request)
    try checkFieldManager(target)
    var warnings: [String] = []
    let object = try decode(body, target, &warnings)
    let created = try await create(object, target)
    return try respond(created, target, status: 201, warnings: warnings)
  }

  /// - Parameter applied: the managed fields of an object that comes by server-side apply.
  func create(
    _ object: KubeObject, _ target: ResourceRequest, applied: ManagedFields? = nil
  ) async throws -> KubeObject {
    var placed = object
    try place(&placed, target)
    try await checkNamespaceAccepts(placed, target)
    return try await createPlaced(placed, target, applied)
  }

  /// Names, prepares, checks and stores a new object whose fields are known and whose namespace is right.
  private func createPlaced(
    _ decoded: KubeObject, _ target: ResourceRequest, _ applied: ManagedFields?
  ) async throws -> KubeObject {
    let prefix = decoded.generateName
    let isGenerated = decoded.name.isEmpty && !prefix.isEmpty
    for attempt in 1...Self.generatedNameAttempts {
      var object = decoded
      if isGenerated { object.name = Self.generatedName(prefix, random) }
      try await prepareNew(&object, target, applied)
      if target.isDryRun {
        if try await storage.get(target.definition.storageKey(object.key)) != nil {
          throw KubeError.alreadyExists(target.resource, object.name)
        }
        if target.resource == .services { await serviceAddresses.release(object.key) }
        return object
      }
      let stored = self.stored(object, target.definition)
      if let created = try await storage.create(target.definition.storageKey(object.key), stored) {
        try await didWrite(created, old: nil, target.definition)
        return created
      }
      if target.resource == .services { await serviceAddressesMayBeFree(object) }
      if !isGenerated || attempt == Self.generatedNameAttempts {
        throw KubeError.alreadyExists(target.resource, object.name)
      }
    }
    throw KubeError.alreadyExists(target.resource, prefix)
  }

  /// The body as an object of the kind: unknown fields gone (and told of), `apiVersion` and `kind` in place.
  func decode(
    _ body: RequestBody, _ target: ResourceRequest, _ warnings: inout [String]
  ) throws -> KubeObject {
    guard body.json.object != nil else {
      throw KubeError(
        .badRequest,
        body.isEmpty
          ? "the request has no body; send a \(target.resource.kind)"
          : "the body must be a \(target.resource.kind), not \(body.json.typeName)")
    }
    var object = KubeObject(json: body.json)
    try checkKind(&object, target.resource)
    if object["metadata"]?.object == nil {
      if let metadata = object["metadata"], !metadata.isNull {
        throw Self.cannotHandle(target.resource, "metadata must be an object, not \(metadata.typeName)")
      }
      object["metadata"] = [:]
    }
    if let problem = MetadataTypes.problem(object.metadata) {
      throw Self.cannotHandle(target.resource, problem)
    }
    let checker = ObjectChecker(target.definition)
    var problems = checker.prune(&object).map { "unknown field \"\($0)\"" }
    problems += body.duplicates.map { "duplicate field \"\($0)\"" }
    switch try target.fieldValidation() {
    case .ignore: break
    case .warn: warnings += problems
    case .strict:
      if !problems.isEmpty {
        throw Self.cannotHandle(
          target.resource, "strict decoding error: \(problems.joined(separator: ", "))")
      }
    }
    return object
  }

  static func cannotHandle(_ resource: KubeResource, _ why: String) -> KubeError {
    KubeError(
      .badRequest,
      "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): \(why)")
  }

  private func checkKind(_ object: inout KubeObject, _ resource: KubeResource) throws(KubeError) {
    let kind = object.kind
    let apiVersion = object.apiVersion
    if !kind.isEmpty && kind != resource.kind {
      throw KubeError(
        .badRequest,
        "the object provided is a \(kind), which does not match the expected kind (\(resource.kind)) of"
          + " \(resource.qualifiedName)")
    }
    if !apiVersion.isEmpty && apiVersion != resource.apiVersion {
      throw KubeError(
        .badRequest,
        "the API version in the data (\(apiVersion)) does not match the expected API version"
          + " (\(resource.apiVersion))")
    }
    object["apiVersion"] = .string(resource.apiVersion)
    object["kind"] = .string(resource.kind)
  }

  /// Puts the path's namespace into the object, or refuses a different one.
  private func place(_ object: inout KubeObject, _ target: ResourceRequest) throws(KubeError) {
    guard target.resource.isNamespaced else {
      if !object.namespace.isEmpty { object.namespace = "" }
      return
    }
    let namespace = target.namespace ?? ""
    if !object.namespace.isEmpty && object.namespace != namespace {
      throw KubeError(
        .badRequest,
        "the namespace of the provided object does not match the namespace sent on the request")
    }
    object.namespace = namespace
  }

  private func checkNamespaceAccepts(_ object: KubeObject, _ target: ResourceRequest) async throws {
    guard target.resource.isNamespaced else { return }
    let name = object.namespace
    guard let (namespace, _) = try await storage.get("/core/namespaces//\(name)") else {
      throw KubeError.notFound(.namespaces, name)
    }
    if namespace.isBeingDeleted || namespace.status?["phase"]?.string == "Terminating" {
      var error = KubeError(
        .forbidden,
        "\(target.resource.qualifiedName) \"\(object.name)\" is forbidden: unable to create new content in"
          + " namespace \(name) because it is being terminated")
      error.group = target.resource.group
      error.kind = target.resource.plural
      error.name = object.name
      error.causes = [
        KubeError.Cause(
          reason: "NamespaceTerminating", message: "namespace \(name) is being terminated",
          field: "metadata.namespace")
      ]
      throw error
    }
  }

  /// Everything between decoding and storing.
  private func prepareNew(
    _ object: inout KubeObject, _ target: ResourceRequest, _ applied: ManagedFields?
  ) async throws {
    if !object.resourceVersion.isEmpty {
      throw KubeError(.badRequest, "resourceVersion should not be set on objects to be created")
    }
    let definition = target.definition
    resetServerMetadata(&object, definition)
    if definition.hasStatus { object["status"] = nil }
    let checker = ObjectChecker(definition)
    checker.applyDefaults(&object)
    let context = AdmissionContext(
      operation: .create, old: nil, resource: target.resource, subresource: nil, isDryRun: target.isDryRun)
    try await mutate(&object, context, definition)
    try ObjectNames.check(object, definition)
    try await definition.strategy.prepareForCreate?(&object, writeContext)
    try checker.validate(object, old: nil)
    try await validate(object, context)
    try await checkEscalation(object, target)
    trackCreation(&object, target, applied)
  }

  private func resetServerMetadata(_ object: inout KubeObject, _ definition: ResourceDefinition) {
    var metadata = object.metadata
    for key in ["selfLink", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"]
    {
      metadata[key] = nil
    }
    metadata["uid"] = .string(random.uuid())
    metadata["creationTimestamp"] = .string(clock.now().rfc3339)
    if definition.strategy.hasGeneration { metadata["generation"] = 1 }
    object.metadata = metadata
  }

  /// The prefix cut so that the whole stays within 63 characters, as upstream cuts it.
  private static func generatedName(_ prefix: String, _ random: any RandomSource) -> String {
    String(prefix.prefix(58)) + random.nameSuffix()
  }

  private func serviceAddressesMayBeFree(_ service: KubeObject) async {
    // The address of a service that could not be stored is free again, unless the stored one holds it.
    let kept = try? await storage.get("/core/services/\(service.namespace)/\(service.name)")
    if kept == nil { await serviceAddresses.release(service.key) }
  }
}
