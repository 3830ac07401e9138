internal import Basics
internal import Formats
internal import KubeProtocol
internal import Synchronization
internal import Telemetry

extension APIServer {
  /// Puts a CustomResourceDefinition's kinds into the registry, in place of what an older form of it served.
  func serve(_ definition: KubeObject) throws {
    let (group, plural) = Self.names(definition)
    let convert = conversions.first { $0.group == group && $0.plural == plural }?.convert
    let rows = try CustomDefinitions.rows(definition).map { row in
      var row = row
      row.convert = convert
      return row
    }
    state.withLock { state in
      guard state.definitionRevisions.advance(to: definition) else { return }
      state.registry.removeCustom(group: group, plural: plural)
      for row in rows { state.registry.add(row) }
      state.openAPI.forget()
    }
  }

  /// - Parameter definition: as it was deleted, with the revision of the deletion.
  func stopServing(_ definition: KubeObject) {
    let (group, plural) = Self.names(definition)
    state.withLock { state in
      guard state.definitionRevisions.advance(to: definition) else { return }
      state.registry.removeCustom(group: group, plural: plural)
      state.openAPI.forget()
    }
  }

  private static func names(_ definition: KubeObject) -> (group: String, plural: String) {
    (definition.spec?["group"]?.string ?? "", definition.json.at("spec", "names", "plural")?.string ?? "")
  }

  /// The definitions that an earlier run stored.
  func installStoredDefinitions() async throws {
    for definition in try await storage.list(prefix: Self.definitionsPrefix).objects {
      do {
        try serve(definition)
      } catch {
        logger.error("a stored definition cannot be served", ["name": definition.name, "cause": "\(error)"])
      }
    }
  }

  private static let definitionsPrefix = "/apiextensions.k8s.io/customresourcedefinitions/"

  /// Creates the preinstalled definitions, or brings stored ones up to date.
  func installPreinstalledDefinitions() async throws {
    guard let row = registry.find(.customResourceDefinitions) else { return }
    for wished in preinstalledCRDs {
      var new = wished
      row.strategy.applyDefaults?(&new)
      let key = row.storageKey(ObjectKey(namespace: "", name: new.name))
      if let (old, revision) = try await storage.get(key) {
        guard old.spec != new.spec else { continue }
        var updated = old
        updated.spec = new.spec
        try await row.strategy.prepareForUpdate?(&updated, old, writeContext)
        updated.generation = old.generation &+ 1
        if let written = try await storage.update(key, updated, expecting: revision) { try serve(written) }
        continue
      }
      new.uid = random.uuid()
      new.creationTimestamp = clock.now()
      new.generation = 1
      try await row.strategy.prepareForCreate?(&new, writeContext)
      if let written = try await storage.create(key, new) { try serve(written) }
    }
  }
}
