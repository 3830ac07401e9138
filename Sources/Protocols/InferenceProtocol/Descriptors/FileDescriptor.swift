public import Basics
internal import Formats

/// A `.proto` file as a table, and its `google.protobuf.FileDescriptorProto`, which reflection hands out.
public struct FileDescriptor: Sendable {
  /// `inference/grpc_service.proto`
  public let name: String
  public let package: String
  let messages: [MessageDescriptor]
  let enums: [EnumDescriptor]
  let services: [ServiceDescriptor]

  /// Full names of its services.
  public var serviceNames: [String] { services.map { "\(package).\($0.name)" } }

  /// Whether it defines a symbol: a message, field, enum, service or method by its full name.
  public func defines(_ symbol: String) -> Bool {
    let prefix = package + "."
    guard symbol.hasPrefix(prefix) else { return false }
    let path = symbol.dropFirst(prefix.count).split(separator: ".").map(String.init)
    guard let first = path.first else { return false }
    if let service = services.first(where: { $0.name == first }) {
      return path.count == 1 || (path.count == 2 && service.methods.contains { $0.name == path[1] })
    }
    if enums.contains(where: { $0.name == first }) { return path.count == 1 }
    return messages.first { $0.name == first }?.defines(path.dropFirst()) ?? false
  }

  /// The serialized `FileDescriptorProto`.
  public var encoded: Bytes {
    var writer = ProtobufWriter()
    writer.field(1, name)
    writer.field(2, package)
    for message in messages { writer.message(4) { message.write(into: &$0, scope: ".\(package)") } }
    for type in enums { writer.message(5) { type.write(into: &$0) } }
    for service in services { writer.message(6) { service.write(into: &$0, package: package) } }
    writer.field(12, "proto3")
    return writer.bytes
  }
}

/// A message of a `.proto` file.
struct MessageDescriptor: Sendable {
  let name: String
  let fields: [FieldDescriptor]
  let nested: [MessageDescriptor]
  let enums: [EnumDescriptor]

  init(
    _ name: String, _ fields: [FieldDescriptor] = [], nested: [MessageDescriptor] = [],
    enums: [EnumDescriptor] = []
  ) {
    self.name = name
    self.fields = fields
    self.nested = nested
    self.enums = enums
  }

  func defines(_ path: ArraySlice<String>) -> Bool {
    guard let first = path.first else { return true }
    if path.count == 1,
      fields.contains(where: { $0.name == first }) || enums.contains(where: { $0.name == first })
    {
      return true
    }
    return nested.first { $0.name == first }?.defines(path.dropFirst()) ?? false
  }

  func write(into writer: inout ProtobufWriter, scope: String) {
    let full = "\(scope).\(name)"
    var oneofs: [String] = []
    writer.field(1, name)
    for field in fields {
      if let oneof = field.oneof, !oneofs.contains(oneof) { oneofs.append(oneof) }
      writer.message(2) { field.write(into: &$0, scope: full, oneofs: oneofs) }
    }
    for field in fields {
      guard case .map(let value) = field.type else { continue }
      writer.message(3) { Self.writeEntry(of: field, value, into: &$0) }
    }
    for message in nested { writer.message(3) { message.write(into: &$0, scope: full) } }
    for type in enums { writer.message(4) { type.write(into: &$0) } }
    for oneof in oneofs { writer.message(8) { $0.field(1, oneof) } }
  }

  /// The message that stands behind a map field.
  private static func writeEntry(
    of field: FieldDescriptor, _ value: String, into writer: inout ProtobufWriter
  ) {
    writer.field(1, field.entryName)
    writer.message(2) { FieldDescriptor("key", 1, .string).write(into: &$0, scope: "", oneofs: []) }
    writer.message(2) { FieldDescriptor("value", 2, .message(value)).write(into: &$0, scope: "", oneofs: []) }
    writer.message(7) { $0.field(7, true) }
  }
}

/// A field of a message.
struct FieldDescriptor: Sendable {
  enum FieldType: Sendable {
    case double, float, int64, uint64, int32, bool, string, bytes, uint32
    /// By its full name with a leading dot.
    case message(String)
    case enumeration(String)
    /// `map<string, message>`
    case map(String)
  }

  let name: String
  let number: Int
  let type: FieldType
  let isRepeated: Bool
  let oneof: String?

  init(_ name: String, _ number: Int, _ type: FieldType, repeated: Bool = false, oneof: String? = nil) {
    self.name = name
    self.number = number
    self.type = type
    isRepeated = repeated
    self.oneof = oneof
  }

  /// As the compiler names it: `parameters` → `ParametersEntry`.
  var entryName: String {
    name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Entry"
  }

  func write(into writer: inout ProtobufWriter, scope: String, oneofs: [String]) {
    let (code, typeName) = code(scope)
    let isList: Bool = if case .map = type { true } else { isRepeated }
    writer.field(1, name)
    writer.field(3, UInt64(number))
    writer.field(4, isList ? 3 as UInt64 : 1)
    writer.field(5, code)
    writer.field(6, typeName)
    if let oneof, let index = oneofs.firstIndex(of: oneof) { writer.element(9, UInt64(index)) }
    writer.field(10, jsonName)
  }

  private func code(_ scope: String) -> (UInt64, String) {
    switch type {
    case .double: (1, "")
    case .float: (2, "")
    case .int64: (3, "")
    case .uint64: (4, "")
    case .int32: (5, "")
    case .bool: (8, "")
    case .string: (9, "")
    case .message(let name): (11, name)
    case .bytes: (12, "")
    case .uint32: (13, "")
    case .enumeration(let name): (14, name)
    case .map: (11, "\(scope).\(entryName)")
    }
  }

  private var jsonName: String {
    let parts = name.split(separator: "_")
    return (parts.first.map(String.init) ?? "")
      + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}

/// An enum: its names by their values.
struct EnumDescriptor: Sendable {
  let name: String
  let values: [(name: String, number: Int)]

  init(_ name: String, _ values: [(name: String, number: Int)]) {
    self.name = name
    self.values = values
  }

  func write(into writer: inout ProtobufWriter) {
    writer.field(1, name)
    for value in values {
      writer.message(2) {
        $0.field(1, value.name)
        $0.element(2, UInt64(value.number))
      }
    }
  }
}

/// A service and its methods.
struct ServiceDescriptor: Sendable {
  struct Method: Sendable {
    let name: String
    let request: String
    let response: String
    let streamsRequests: Bool
    let streamsResponses: Bool

    init(
      _ name: String, _ request: String, _ response: String, streamsRequests: Bool = false,
      streamsResponses: Bool = false
    ) {
      self.name = name
      self.request = request
      self.response = response
      self.streamsRequests = streamsRequests
      self.streamsResponses = streamsResponses
    }
  }

  let name: String
  let methods: [Method]

  init(_ name: String, _ methods: [Method]) {
    self.name = name
    self.methods = methods
  }

  func write(into writer: inout ProtobufWriter, package: String) {
    writer.field(1, name)
    for method in methods {
      writer.message(2) {
        $0.field(1, method.name)
        $0.field(2, ".\(package).\(method.request)")
        $0.field(3, ".\(package).\(method.response)")
        $0.field(5, method.streamsRequests)
        $0.field(6, method.streamsResponses)
      }
    }
  }
}
