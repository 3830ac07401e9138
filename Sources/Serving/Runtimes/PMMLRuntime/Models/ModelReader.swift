internal import XML

/// What a model element is read in.
struct ModelContext {
  let reader: ModelReader
  let scope: FieldScope
  let function: MiningFunction
  let targetType: FieldType
  /// The target's valid values, in the dictionary's order.
  let categories: [FieldValue]

  /// A category's text as the target's type.
  func category(_ text: String) -> FieldValue { targetType.parse(text) ?? .text(text) }
}

/// Compiles model elements into models, and gives every field its slot.
final class ModelReader {
  static let modelNames: Set<String> = [
    "TreeModel", "RegressionModel", "MiningModel", "Scorecard", "NeuralNetwork", "ClusteringModel",
    "GeneralRegressionModel",
  ]
  /// Kinds that PMML defines and that are told apart from nonsense.
  static let knownModelNames: Set<String> = modelNames.union([
    "AnomalyDetectionModel", "AssociationModel", "BaselineModel", "BayesianNetworkModel",
    "GaussianProcessModel",
    "NaiveBayesModel", "NearestNeighborModel", "RuleSetModel", "SequenceModel", "SupportVectorMachineModel",
    "TextModel", "TimeSeriesModel",
  ])
  private static let depthLimit = 32

  let expressions: ExpressionReader
  private let slots: FieldSlots
  private let dictionary: [String: DataField]
  private var depth = 0

  init(dictionary: [String: DataField], expressions: ExpressionReader, slots: FieldSlots) {
    self.dictionary = dictionary
    self.expressions = expressions
    self.slots = slots
  }

  /// Defines derived fields: all names first, since they may refer to each other.
  func define(derivedFieldsOf element: XMLElement?, in scope: FieldScope) throws(PMMLError) {
    var pending: [(element: XMLElement, slot: Int, type: FieldType)] = []
    for field in element?.all("DerivedField") ?? [] {
      let type = try FieldType(field["dataType"] ?? "double")
      let slot = slots.add()
      pending.append((field, slot, type))
      scope.define(try field.required("name"), .field(slot: slot, type: type))
    }
    for (field, slot, type) in pending {
      // A field may hide another of its own name, whose value it changes.
      slots.set(slot, .derived(try expressions.read(childOf: field, type: type, scope), type))
    }
  }

  /// - Parameter inherited: the composite that the model is a segment of.
  func read(
    _ element: XMLElement, _ outer: FieldScope, inherited: ModelContext?
  ) throws(PMMLError) -> ScoringModel {
    guard Self.modelNames.contains(element.name) else {
      throw .unsupported("a model of the kind \(element.name)")
    }
    if element["isScorable"] == "false" {
      throw .unsupported("a model that says of itself that it cannot score")
    }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw PMMLError(.corrupt, "its models are nested deeper than \(Self.depthLimit)")
    }
    let scope = FieldScope(parent: outer)
    let fields = try MiningField.schema(of: element)
    treat(fields, in: scope, isNested: inherited != nil)
    try define(derivedFieldsOf: element.first("LocalTransformations"), in: scope)
    let function = try Self.function(element)
    let name = fields.first { $0.usage == .target }?.name
    let target = name.flatMap { dictionary[$0] }
    // A segment without a target of its own predicts what the whole predicts, unless it does another thing.
    let isSame = inherited?.function == function
    let context = ModelContext(
      reader: self, scope: scope, function: function,
      targetType: target?.type ?? (isSame ? inherited?.targetType : nil)
        ?? (function == .regression ? .double : .string),
      categories: target?.categories ?? (isSame ? inherited?.categories : nil) ?? [])
    let core = try core(element, context)
    let rescaling = try element.first("Targets")?.first("Target").map { target throws(PMMLError) in
      try TargetRescaling(target)
    }
    return ScoringModel(
      core: core, function: function,
      target: name.map { ($0, target?.type ?? context.targetType) }, rescaling: rescaling,
      outputs: try outputs(element.first("Output"), context))
  }

  private func core(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) -> any ModelCore {
    switch element.name {
    case "TreeModel": try TreeModel(element, context)
    case "RegressionModel": try RegressionModel(element, context)
    case "MiningModel": try MiningModel(element, context)
    case "Scorecard": try Scorecard(element, context)
    case "NeuralNetwork": try NeuralNetwork(element, context)
    case "ClusteringModel": try ClusteringModel(element, context)
    default: try GeneralRegressionModel(element, context)
    }
  }

  private static func function(_ element: XMLElement) throws(PMMLError) -> MiningFunction {
    switch try element.required("functionName") {
    case "regression": .regression
    case "classification": .classification
    case "clustering": .clustering
    default: .other
    }
  }

  /// Gives the data dictionary's fields the values as the outermost model's schema treats them.
  func treatDictionaryFields(_ fields: [MiningField], in scope: FieldScope) {
    for field in fields where field.usage == .active {
      if let rules = dictionary[field.name] { treat(field, by: rules, in: scope) }
    }
  }

  /// Gives a model's other fields their treated values: those that come from its composite, or are derived.
  private func treat(_ fields: [MiningField], in scope: FieldScope, isNested: Bool) {
    for field in fields where field.usage == .active && !field.isPlain {
      if isNested || dictionary[field.name] == nil { treat(field, by: nil, in: scope) }
    }
  }

  private func treat(_ field: MiningField, by rules: DataField?, in scope: FieldScope) {
    // A segment's field may come from a later part of the document; then it is found when it is used.
    guard case .field(let slot, let type)? = scope.find(field.name) else { return }
    let treatment = FieldTreatment(field, type: type, dictionary: rules)
    scope.define(field.name, .field(slot: slots.add(.treated(slot, treatment)), type: type))
  }

  private func outputs(_ element: XMLElement?, _ context: ModelContext) throws(PMMLError) -> [OutputField] {
    var outputs: [OutputField] = []
    let scope = FieldScope(parent: context.scope)
    for field in element?.all("OutputField") ?? [] {
      let name = try field.required("name")
      let feature = try feature(field, context, scope)
      let type =
        try field["dataType"].map { name throws(PMMLError) in try FieldType(name) }
        ?? Self.defaultType(of: feature, context)
      let slot = slots.add()
      scope.define(name, .field(slot: slot, type: type))
      outputs.append(
        OutputField(
          name: name, type: type, feature: feature, segment: field["segmentId"],
          isFinal: field["isFinalResult"] != "false", slot: slot))
    }
    return outputs
  }

  private static func defaultType(of feature: OutputField.Feature, _ context: ModelContext) -> FieldType {
    switch feature {
    case .value: context.targetType
    case .probability, .confidence, .affinity, .expression: .double
    case .entity, .reasonCode: .string
    }
  }

  private func feature(
    _ field: XMLElement, _ context: ModelContext, _ scope: FieldScope
  ) throws(PMMLError) -> OutputField.Feature {
    let category = field["value"].map { context.category($0) }
    switch field["feature"] ?? "predictedValue" {
    case "predictedValue", "predictedDisplayValue": return .value
    case "probability": return .probability(category)
    case "confidence": return .confidence(category)
    case "entityId", "clusterId": return .entity
    case "affinity", "entityAffinity", "clusterAffinity": return .affinity
    case "reasonCode":
      guard let rank = Int(exactly: try field.number("rank") ?? 1), rank >= 1 else {
        throw PMMLError(.corrupt, "the rank of an OutputField is no whole number from 1 on")
      }
      return .reasonCode(rank: rank)
    case "transformedValue", "decision":
      let type = try FieldType(field["dataType"] ?? "double")
      return .expression(try expressions.read(childOf: field, type: type, scope))
    case let feature: throw .unsupported("an OutputField with the feature '\(feature.prefix(40))'")
    }
  }
}
