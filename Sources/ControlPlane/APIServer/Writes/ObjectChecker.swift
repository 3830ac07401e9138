internal import Formats
internal import KubeProtocol

/// The schema engine, as one kind uses it: prune, default, validate.
struct ObjectChecker: Sendable {
  private let definition: ResourceDefinition

  init(_ definition: ResourceDefinition) { self.definition = definition }

  /// Removes what the schema does not know; returns the paths.
  func prune(_ object: inout KubeObject) -> [String] {
    SchemaPruner(schema: definition.schema, catalog: BuiltinSchemas.catalog).prune(&object.json)
  }

  /// Members of the metadata that upstream leaves out where they are empty.
  private static let omittedWhenEmpty = [
    "labels", "annotations", "finalizers", "ownerReferences", "generateName",
  ]

  /// The schema's defaults, then what only code can say.
  func applyDefaults(_ object: inout KubeObject) {
    var metadata = object.metadata
    for key in Self.omittedWhenEmpty {
      switch metadata[key] {
      case .object(let members)? where members.isEmpty: metadata[key] = nil
      case .array(let elements)? where elements.isEmpty: metadata[key] = nil
      case .string("")?: metadata[key] = nil
      default: continue
      }
    }
    object.metadata = metadata
    SchemaDefaulter(schema: definition.schema, catalog: BuiltinSchemas.catalog).applyDefaults(
      to: &object.json)
    definition.strategy.applyDefaults?(&object)
  }

  /// - Parameter old: the stored object; nil on creation.
  func validate(_ object: KubeObject, old: KubeObject?) throws(KubeError) {
    let validator = SchemaValidator(
      schema: definition.schema, catalog: BuiltinSchemas.catalog,
      options: definition.isCustom ? .customResource : .builtIn)
    var causes = validator.validate(object.json)
    if !definition.isCustom {
      try checkTypes(causes)
      causes.removeAll { $0.reason == "FieldValueRequired" && isFilledByUpstream($0.field) }
    }
    if causes.isEmpty { causes = definition.strategy.validate?(object, old) ?? [] }
    if !causes.isEmpty {
      throw KubeError.invalid(definition.resource.groupVersionKind, object.name, causes)
    }
  }

  /// Upstream decodes its own kinds into typed values, where a missing member of a status or of a slice
  /// is zero: only what its validation asks for is really required.
  private func isFilledByUpstream(_ field: String) -> Bool {
    !definition.resource.group.hasSuffix("networking.k8s.io")
      && (field.hasPrefix("status.") || field == "endpoints")
  }

  /// Upstream decodes its own kinds into typed values, so that a wrong type is a bad request, not an
  /// invalid object.
  private func checkTypes(_ causes: [KubeError.Cause]) throws(KubeError) {
    guard let wrong = causes.first(where: { $0.reason == "FieldValueTypeInvalid" }) else { return }
    throw APIServer.cannotHandle(definition.resource, "\(wrong.field): \(wrong.message)")
  }
}
