internal import Basics
internal import XML

/// A document, compiled: which fields it wants, how to score, what it shows.
struct PMMLProgram: Sendable {
  struct Input: Sendable {
    let field: DataField
    let slot: Int
  }
  struct Output: Sendable {
    let name: String
    let type: FieldType
    /// Nil for the predicted value itself.
    let slot: Int?
  }

  let inputs: [Input]
  let outputs: [Output]
  let sources: [FieldSource]
  let model: ScoringModel
  /// Elements in the document, for estimates.
  let size: Int

  static func read(_ bytes: Bytes) throws(PMMLError) -> PMMLProgram {
    try PMMLProgram(try XMLReader.readPMML(bytes))
  }

  init(_ root: XMLElement) throws(PMMLError) {
    guard root.name == "PMML" else {
      throw PMMLError(.corrupt, "its outermost element is '\(root.name.prefix(60))', not 'PMML'")
    }
    var dictionary: [String: DataField] = [:]
    var order: [DataField] = []
    for element in root.first("DataDictionary")?.all("DataField") ?? [] {
      let field = try DataField(element)
      if dictionary.updateValue(field, forKey: field.name) == nil { order.append(field) }
    }
    guard let element = root.children.first(where: { ModelReader.knownModelNames.contains($0.name) }) else {
      throw PMMLError(.corrupt, "it holds no model")
    }
    let transformations = root.first("TransformationDictionary")
    let slots = FieldSlots()
    let reader = ModelReader(
      dictionary: dictionary, expressions: ExpressionReader(transformations, slots: slots), slots: slots)
    let raw = FieldScope()
    var inputs: [Input] = []
    for field in order {
      let slot = slots.add()
      raw.define(field.name, .field(slot: slot, type: field.type))
      inputs.append(Input(field: field, slot: slot))
    }
    // Derived fields of the whole document see the values as the model's schema treats them.
    let scope = FieldScope(parent: raw)
    let schema = try MiningField.schema(of: element)
    reader.treatDictionaryFields(schema, in: scope)
    try reader.define(derivedFieldsOf: transformations, in: scope)
    model = try reader.read(element, scope, inherited: nil)
    sources = slots.sources
    size = Self.count(root)
    self.inputs = schema.filter { $0.usage == .active }.compactMap { field in
      inputs.first { $0.field.name == field.name }
    }
    outputs = Self.outputs(model)
  }

  /// The target under its own name, then the document's output fields.
  private static func outputs(_ model: ScoringModel) -> [Output] {
    let shown = model.outputs.filter(\.isFinal)
    var outputs = shown.map { Output(name: $0.name, type: $0.type, slot: $0.slot) }
    let name = model.target?.name ?? "_target"
    if !outputs.contains(where: { $0.name == name }) {
      let type = model.target?.type ?? (model.function == .regression ? .double : .string)
      outputs.insert(Output(name: name, type: type, slot: nil), at: 0)
    }
    return outputs
  }

  private static func count(_ element: XMLElement) -> Int {
    element.children.reduce(1) { $0 + count($1) }
  }
}
