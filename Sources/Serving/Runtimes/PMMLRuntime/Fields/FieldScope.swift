internal import XML

/// The names that an element of the document can see, inner ones first.
final class FieldScope {
  /// What a name stands for.
  enum Binding {
    case field(slot: Int, type: FieldType)
    /// A parameter of a user-defined function.
    case argument(PMMLExpression)
  }

  private let parent: FieldScope?
  private var bindings: [String: Binding] = [:]

  init(parent: FieldScope? = nil) { self.parent = parent }

  func define(_ name: String, _ binding: Binding) { bindings[name] = binding }

  func find(_ name: String) -> Binding? { bindings[name] ?? parent?.find(name) }

  /// The field of that name.
  func field(_ name: String) throws(PMMLError) -> (slot: Int, type: FieldType) {
    switch find(name) {
    case .field(let slot, let type): return (slot, type)
    case .argument: throw .unsupported("a function parameter where a field is needed ('\(name.prefix(60))')")
    case nil:
      throw PMMLError(.corrupt, "it refers to the field '\(name.prefix(100))', which it does not define")
    }
  }
}
