internal import XML

/// Compiles expression elements; knows the document's user-defined functions.
final class ExpressionReader {
  private let functions: [String: XMLElement]
  private let slots: FieldSlots
  /// Functions that call functions can make a small document very large.
  private var expressionsLeft = 1_000_000
  private static let depthLimit = 200

  static let elementNames: Set<String> = [
    "Constant", "FieldRef", "NormContinuous", "NormDiscrete", "Discretize", "MapValues", "Apply", "TextIndex",
    "Aggregate", "Lag",
  ]

  /// - Parameter dictionary: the `TransformationDictionary`, if the document has one.
  init(_ dictionary: XMLElement?, slots: FieldSlots) {
    self.slots = slots
    var functions: [String: XMLElement] = [:]
    for function in dictionary?.all("DefineFunction") ?? [] {
      if let name = function["name"] { functions[name] = function }
    }
    self.functions = functions
  }

  /// The expression among an element's children.
  func read(
    childOf element: XMLElement, type: FieldType, _ scope: FieldScope, depth: Int = 0
  ) throws(PMMLError) -> PMMLExpression {
    guard let child = element.children.first(where: { Self.elementNames.contains($0.name) }) else {
      throw PMMLError(.corrupt, "its element \(element.name) has no expression")
    }
    return try read(child, type: type, scope, depth: depth)
  }

  func read(
    _ element: XMLElement, type: FieldType, _ scope: FieldScope, depth: Int = 0
  ) throws(PMMLError) -> PMMLExpression {
    guard depth < Self.depthLimit else {
      throw PMMLError(.corrupt, "its expressions are nested deeper than \(Self.depthLimit)")
    }
    expressionsLeft -= 1
    guard expressionsLeft > 0 else { throw PMMLError(.corrupt, "its functions call each other without end") }
    switch element.name {
    case "Constant": return .constant(try constant(element))
    case "FieldRef": return try reference(element, type, scope)
    case "NormContinuous": return .continuous(try input(element, scope), try LinearNorm(element))
    case "NormDiscrete":
      let value = try element.required("value")
      let replacement = try element.number("mapMissingTo").map(FieldValue.number)
      return .indicator(
        try input(element, scope), Self.parse(value, try fieldType(element, scope)), mapMissingTo: replacement
      )
    case "Discretize": return .discretized(try input(element, scope), try Discretization(element, type))
    case "MapValues": return try mapped(element, type, scope)
    case "Apply": return try call(element, type, scope, depth)
    default: throw .unsupported("the expression \(element.name)")
    }
  }

  private static func parse(_ text: String, _ type: FieldType) -> FieldValue {
    type.parse(text) ?? .text(text)
  }

  private func constant(_ element: XMLElement) throws(PMMLError) -> FieldValue {
    if element["missing"] == "true" { return .missing }
    if let name = element["dataType"] {
      return Self.parse(element.text, try FieldType(name))
    }
    return PMMLNumber.parse(element.text).map(FieldValue.number) ?? .text(element.text)
  }

  private func reference(
    _ element: XMLElement, _ type: FieldType, _ scope: FieldScope
  ) throws(PMMLError) -> PMMLExpression {
    let name = try element.required("field")
    if case .argument(let expression) = scope.find(name) { return expression }
    let (slot, _) = try scope.field(name)
    return .field(slot: slot, mapMissingTo: element["mapMissingTo"].map { Self.parse($0, type) })
  }

  /// The field that a normalisation or a discretisation reads.
  private func input(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> PMMLExpression {
    let name = try element.required("field")
    if case .argument(let expression) = scope.find(name) { return expression }
    return .field(slot: try scope.field(name).slot, mapMissingTo: nil)
  }

  private func fieldType(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> FieldType {
    if case .field(_, let type) = scope.find(element["field"] ?? "") { return type }
    return .string
  }

  private func mapped(
    _ element: XMLElement, _ type: FieldType, _ scope: FieldScope
  ) throws(PMMLError) -> PMMLExpression {
    var inputs: [PMMLExpression] = []
    var columns: [(name: String, type: FieldType)] = []
    for pair in element.all("FieldColumnPair") {
      inputs.append(try input(pair, scope))
      columns.append((try pair.required("column"), try fieldType(pair, scope)))
    }
    let outputType = try element["dataType"].map { name throws(PMMLError) in try FieldType(name) } ?? type
    return .mapped(inputs, try MappedValues(element, columns: columns, outputType))
  }

  private func call(
    _ element: XMLElement, _ type: FieldType, _ scope: FieldScope, _ depth: Int
  ) throws(PMMLError) -> PMMLExpression {
    let name = try element.required("function")
    var arguments: [PMMLExpression] = []
    for child in element.children where Self.elementNames.contains(child.name) {
      // An argument's own type is unknown: its constants say theirs.
      arguments.append(try read(child, type: .double, scope, depth: depth + 1))
    }
    if let definition = functions[name] {
      return try inline(definition, arguments, depth: depth + 1)
    }
    guard let function = BuiltInFunction(name) else {
      throw .unsupported("the function '\(name.prefix(60))'")
    }
    guard function.arity.contains(arguments.count) else {
      throw PMMLError(.corrupt, "it calls '\(name)' with \(arguments.count) arguments")
    }
    return .call(
      FunctionCall(
        function: function, arguments: arguments,
        mapMissingTo: element["mapMissingTo"].map { Self.parse($0, type) },
        defaultValue: element["defaultValue"].map { Self.parse($0, type) }))
  }

  private func shared(_ argument: PMMLExpression) -> PMMLExpression {
    switch argument {
    case .constant, .field: argument
    default: .field(slot: slots.add(.argument(argument)), mapMissingTo: nil)
    }
  }

  /// A user-defined function's body with the arguments in place of its parameters.
  private func inline(
    _ definition: XMLElement, _ arguments: [PMMLExpression], depth: Int
  ) throws(PMMLError) -> PMMLExpression {
    let parameters = definition.all("ParameterField")
    guard parameters.count == arguments.count else {
      throw PMMLError(
        .corrupt,
        "it calls '\(definition["name"] ?? "")' with \(arguments.count) of \(parameters.count) arguments")
    }
    let scope = FieldScope()
    for (parameter, argument) in zip(parameters, arguments) {
      scope.define(try parameter.required("name"), .argument(shared(argument)))
    }
    let type = try FieldType(definition["dataType"] ?? "double")
    return try read(childOf: definition, type: type, scope, depth: depth)
  }
}
