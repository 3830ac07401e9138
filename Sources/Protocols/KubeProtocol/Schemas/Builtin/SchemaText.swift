internal import Formats

/// A compact text form of schemas: one line per field. It is parsed once, at the first use of the catalog.
///
/// ```
/// package io.k8s.api.core.v1
/// type Container                         a definition; fields follow, indented or not
/// type Pod kind=v1                       the root of a kind
/// type LabelSelector atomic              an object that has one owner as a whole
///   name!: string                        `!`: required
///   ports: [ContainerPort] merge=containerPort,protocol
///   env: [EnvVar] merge=name
///   args: [string]
///   resources: ResourceRequirements
///   nodeSelector: {string}               a map
///   protocol: string = "TCP"             a default (JSON)
///   phase: string in Pending,Running
/// alias MicroTime: string(date-time)     a definition that is no object
/// ```
/// A type is `string`, `int32`, `int64`, `double`, `bool`, `bytes`, `any` (anything), `object` (any
/// object), `intOrString`, `quantity`, or the name of a definition: first in the same package, then
/// anywhere. `[T]` is a list, `{T}` a map. After the type: `merge=k[,…]` (patch merge key; list type map
/// with those keys), `set` and `atomic` (list and map types), `retainKeys`, `mergeSet` (a set that patches
/// merge), `min=`, `max=`, `minItems=`, `maxItems=`, `minLength=`, `maxLength=`, `in a,b,c` (closed list),
/// `= JSON` (default, last on the line).
struct SchemaTextParser {
  private struct Field {
    var name: String
    var isRequired: Bool
    var type: Substring
    var options: [Substring]
    var defaultText: String?
  }

  private struct Definition {
    var package: String
    var name: String
    var fields: [Field] = []
    /// For `alias`: the type that it stands for.
    var alias: Substring?
    var kinds: [GroupVersionKind] = []
    var isAtomic = false
  }

  private var definitions: [Definition] = []
  /// Short name → full names, in order.
  private var names: [Substring: [String]] = [:]

  /// - Parameter texts: the built-in texts; a malformed line is left out (a test reads `problems`).
  static func catalog(_ texts: [String]) -> (catalog: SchemaCatalog, problems: [String]) {
    var parser = SchemaTextParser()
    for text in texts { parser.read(text) }
    return parser.build()
  }

  private var problems: [String] = []
  private var package = ""

  private mutating func read(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.drop { $0 == " " }
      if words.isEmpty || words.hasPrefix("#") { continue }
      if words.hasPrefix("package ") {
        package = String(words.dropFirst(8))
      } else if words.hasPrefix("type ") {
        readType(words.dropFirst(5))
      } else if words.hasPrefix("alias ") {
        readAlias(words.dropFirst(6))
      } else {
        readField(words)
      }
    }
  }

  /// `type Pod kind` marks the root of a kind of the package's own group and version.
  private mutating func readType(_ words: Substring) {
    let parts = words.split(separator: " ")
    guard let name = parts.first else { return problems.append("type without a name") }
    var definition = Definition(package: package, name: String(name))
    for option in parts.dropFirst() {
      if option.hasPrefix("kind=") {
        definition.kinds = [GroupVersionKind(apiVersion: String(option.dropFirst(5)), kind: String(name))]
      } else if option == "atomic" {
        definition.isAtomic = true
      } else {
        problems.append("unknown option \(option) of type \(name)")
      }
    }
    add(definition)
  }

  private mutating func readAlias(_ words: Substring) {
    guard let colon = words.firstIndex(of: ":") else {
      return problems.append("alias without a type: \(words)")
    }
    var definition = Definition(package: package, name: String(words[..<colon]))
    definition.alias = words[words.index(after: colon)...].drop { $0 == " " }
    add(definition)
  }

  private mutating func add(_ definition: Definition) {
    definitions.append(definition)
    names[definition.name[...], default: []].append("\(definition.package).\(definition.name)")
  }

  private mutating func readField(_ words: Substring) {
    guard !definitions.isEmpty, let colon = words.firstIndex(of: ":") else {
      return problems.append("no field: \(words)")
    }
    var name = words[..<colon]
    var rest = words[words.index(after: colon)...]
    var defaultText: String?
    if let equals = rest.range(of: " = ") {
      defaultText = String(rest[equals.upperBound...])
      rest = rest[..<equals.lowerBound]
    }
    let isRequired = name.last == "!"
    if isRequired { name = name.dropLast() }
    let parts = rest.split(separator: " ")
    guard let type = parts.first else { return problems.append("a field without a type: \(words)") }
    definitions[definitions.count - 1].fields.append(
      Field(
        name: String(name), isRequired: isRequired, type: type, options: Array(parts.dropFirst()),
        defaultText: defaultText))
  }

  private mutating func build() -> (catalog: SchemaCatalog, problems: [String]) {
    var catalog = SchemaCatalog()
    for definition in definitions {
      catalog.add("\(definition.package).\(definition.name)", schema(definition))
    }
    return (catalog, problems)
  }

  private mutating func schema(_ definition: Definition) -> Schema {
    if let alias = definition.alias { return Schema(parts(alias, definition.package)) }
    var root = Schema.Parts()
    root.kind = .object
    root.groupVersionKinds = definition.kinds
    root.isAtomicMap = definition.isAtomic
    for field in definition.fields {
      root.properties.append((field.name, schema(field, definition.package)))
      if field.isRequired { root.required.append(field.name) }
    }
    return Schema(root)
  }

  private mutating func schema(_ field: Field, _ package: String) -> Schema {
    var parts = parts(field.type, package)
    var options = field.options[...]
    while let option = options.popFirst() {
      if option == "in", let values = options.popFirst() {
        parts.enumeration = values.split(separator: ",").map { .string(String($0)) }
      } else {
        apply(option, &parts, field.name)
      }
    }
    if let text = field.defaultText {
      do {
        parts.defaultValue = try JSONValue(parsing: text)
      } catch {
        problems.append("the default of \(field.name) is no JSON: \(text)")
      }
    }
    return Schema(parts)
  }

  private mutating func apply(_ option: Substring, _ parts: inout Schema.Parts, _ field: String) {
    let pieces = option.split(separator: "=", maxSplits: 1)
    let value = pieces.count > 1 ? pieces[1] : ""
    switch pieces.first {
    case "merge":
      let keys = value.split(separator: ",").map(String.init)
      parts.patchMergeKey = keys.first
      parts.patchStrategies = ["merge"]
      parts.listType = "map"
      parts.listMapKeys = keys
    case "map":
      parts.listType = "map"
      parts.listMapKeys = value.split(separator: ",").map(String.init)
    case "set": parts.listType = "set"
    case "mergeSet":
      parts.listType = "set"
      parts.patchStrategies = ["merge"]
    case "atomic":
      if parts.kind == .array { parts.listType = "atomic" } else { parts.isAtomicMap = true }
    case "retainKeys": parts.patchStrategies += ["retainKeys"]
    case "min": parts.minimum = Double(value)
    case "max": parts.maximum = Double(value)
    case "minItems": parts.minimumItems = Int(value)
    case "maxItems": parts.maximumItems = Int(value)
    case "minLength": parts.minimumLength = Int(value)
    case "maxLength": parts.maximumLength = Int(value)
    default: problems.append("unknown option \(option) of \(field)")
    }
  }

  private mutating func parts(_ type: Substring, _ package: String) -> Schema.Parts {
    var parts = Schema.Parts()
    if type.hasPrefix("["), type.hasSuffix("]") {
      parts.kind = .array
      parts.items = Schema(self.parts(type.dropFirst().dropLast(), package))
      return parts
    }
    if type.hasPrefix("{"), type.hasSuffix("}") {
      parts.kind = .object
      parts.additionalProperties = Schema(self.parts(type.dropFirst().dropLast(), package))
      return parts
    }
    switch type {
    case "string": parts.kind = .string
    case "bool": parts.kind = .boolean
    case "int32", "int64":
      parts.kind = .integer
      parts.format = String(type)
    case "double":
      parts.kind = .number
      parts.format = "double"
    case "bytes":
      parts.kind = .string
      parts.format = "byte"
    case "time":
      parts.kind = .string
      parts.format = "date-time"
    case "object":
      parts.kind = .object
      parts.preservesUnknownFields = true
    case "any": parts.preservesUnknownFields = true
    case "intOrString": parts.isIntOrString = true
    case "quantity": parts.anyOf = [Schema { $0.kind = .string }, Schema { $0.kind = .number }]
    default: parts.reference = fullName(type, package)
    }
    return parts
  }

  private mutating func fullName(_ name: Substring, _ package: String) -> String {
    let own = "\(package).\(name)"
    let candidates = names[name] ?? []
    if candidates.contains(own) { return own }
    if let first = candidates.first { return first }
    problems.append("unknown type \(name) in \(package)")
    return own
  }
}

extension Substring {
  /// The first place of a short text.
  fileprivate func range(of text: String) -> Range<Substring.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
