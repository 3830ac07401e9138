public import Basics
public import Formats

/// Objects of built-in kinds in Kubernetes' protobuf encoding, which current clients use for what they
/// create.
///
/// The shape comes from the kind's schema, the field numbers from `KubeFieldNumbers`. What has no number
/// there is refused by name: nothing is dropped silently.
public enum KubeProtobuf {
  public static let mediaType = "application/vnd.kubernetes.protobuf"

  private static let magic = Bytes("k8s\0".utf8)
  private static let maximumDepth = 64

  /// - Parameter bytes: the envelope: `k8s\0`, then a `runtime.Unknown` message.
  public static func decode(_ bytes: Bytes, catalog: SchemaCatalog) throws(KubeProtobufError) -> JSONValue {
    guard bytes.starts(with: magic) else {
      throw KubeProtobufError("the body does not begin like Kubernetes protobuf")
    }
    var envelope = ProtobufScanner(bytes.dropFirst(magic.count))
    var kind = GroupVersionKind(group: "", version: "", kind: "")
    var raw: ArraySlice<UInt8> = []
    while let (number, value) = try envelope.next() {
      switch (number, value) {
      case (1, .bytes(let type)): kind = try typeMeta(type)
      case (2, .bytes(let content)): raw = content
      case (3, .bytes(let encoding)) where !encoding.isEmpty:
        throw KubeProtobufError("the body's content encoding is not supported")
      default: continue
      }
    }
    // Delete options come under the group of what is deleted.
    let root = catalog.definitions.first {
      kind.kind == "DeleteOptions"
        ? $0.key == "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
        : $0.value.parts.groupVersionKinds.contains(kind)
    }
    guard let (name, schema) = root else {
      throw KubeProtobufError("\(kind) is not taken as protobuf: send JSON")
    }
    let reader = MessageReader(catalog: catalog)
    var object = try reader.message(raw, schema, definition: name, path: "", depth: 0)
    object["apiVersion"] = .string(kind.apiVersion)
    object["kind"] = .string(kind.kind)
    return object
  }

  private static func typeMeta(_ bytes: ArraySlice<UInt8>) throws(KubeProtobufError) -> GroupVersionKind {
    var scanner = ProtobufScanner(bytes)
    var apiVersion = ""
    var kind = ""
    while let (number, value) = try scanner.next() {
      guard case .bytes(let text) = value else { continue }
      if number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
      if number == 2 { kind = String(decoding: text, as: UTF8.self) }
    }
    return GroupVersionKind(apiVersion: apiVersion, kind: kind)
  }

  /// Walks messages along their schemas.
  private struct MessageReader {
    let catalog: SchemaCatalog

    func message(
      _ bytes: ArraySlice<UInt8>, _ schema: Schema, definition: String, path: String, depth: Int
    ) throws(KubeProtobufError) -> JSONValue {
      guard depth < maximumDepth else { throw KubeProtobufError("\(path): nested too deep") }
      var object: JSONValue = [:]
      try read(bytes, schema, definition: definition, into: &object, path: path, depth: depth)
      return object
    }

    private func read(
      _ bytes: ArraySlice<UInt8>, _ schema: Schema, definition: String, into object: inout JSONValue,
      path: String, depth: Int
    ) throws(KubeProtobufError) {
      let shortName = String(definition.split(separator: ".").last ?? "")
      let numbers = KubeFieldNumbers.fields(of: definition)
      var scanner = ProtobufScanner(bytes)
      while let (number, value) = try scanner.next() {
        if let name = numbers[number], name.hasPrefix("+"), case .bytes(let inner) = value {
          guard depth < maximumDepth else { throw KubeProtobufError("\(path): nested too deep") }
          try read(
            inner, schema, definition: String(name.dropFirst()), into: &object, path: path, depth: depth + 1)
          continue
        }
        guard let name = numbers[number], let property = schema.property(name) else {
          if value.isZero { continue }
          throw KubeProtobufError(
            "\(path.isEmpty ? shortName : path): field \(number) is not known here: send JSON")
        }
        try add(
          value, name, property, to: &object, path: path.isEmpty ? name : "\(path).\(name)", depth: depth)
      }
    }

    private func add(
      _ value: ProtobufScanner.Value, _ name: String, _ property: Schema, to object: inout JSONValue,
      path: String,
      depth: Int
    ) throws(KubeProtobufError) {
      let resolved = catalog.resolve(property)
      if resolved.parts.kind == .array, let items = resolved.parts.items {
        guard let element = try single(value, items, path: path, depth: depth) else { return }
        var elements = object[name]?.array ?? []
        elements.append(element)
        object[name] = .array(elements)
      } else if let values = resolved.parts.additionalProperties, resolved.parts.properties.isEmpty {
        guard case .bytes(let entry) = value else {
          throw KubeProtobufError("\(path): a map entry is malformed")
        }
        let (key, member) = try mapEntry(entry, values, path: path, depth: depth)
        var map = object[name] ?? [:]
        map[key] = member
        object[name] = map
      } else if let one = try single(value, property, path: path, depth: depth), one != .string("") {
        // Go writes unset strings as empty ones.
        object[name] = one
      }
    }

    private func mapEntry(
      _ bytes: ArraySlice<UInt8>, _ schema: Schema, path: String, depth: Int
    ) throws(KubeProtobufError) -> (String, JSONValue) {
      var scanner = ProtobufScanner(bytes)
      var key = ""
      var member: JSONValue = ""
      while let (number, value) = try scanner.next() {
        if number == 1, case .bytes(let text) = value { key = try string(text, path) }
        if number == 2 { member = try single(value, schema, path: "\(path).\(key)", depth: depth) ?? "" }
      }
      return (key, member)
    }

    /// One value that is no list and no map; nil for a time that is not set.
    private func single(
      _ value: ProtobufScanner.Value, _ schema: Schema, path: String, depth: Int
    ) throws(KubeProtobufError) -> JSONValue? {
      let resolved = catalog.resolve(schema)
      let reference = schema.parts.reference ?? ""
      switch value {
      case .varint(let number):
        if resolved.parts.kind == .boolean { return .bool(number != 0) }
        return .int(Int64(bitPattern: number))
      case .fixed64(let bits): return JSONNumber(Double(bitPattern: bits)).map { .number($0) }
      case .fixed32(let bits): return JSONNumber(Double(Float(bitPattern: bits))).map { .number($0) }
      case .bytes(let bytes):
        if reference.hasSuffix(".Quantity") { return try quantity(bytes, path) }
        if resolved.parts.isIntOrString { return try intOrString(bytes, path) }
        if resolved.parts.format == "date-time" { return try time(bytes) }
        if resolved.parts.format == "byte" { return .string(Base64.encode(Bytes(bytes))) }
        if resolved.parts.kind == .string { return .string(try string(bytes, path)) }
        return try message(bytes, resolved, definition: reference, path: path, depth: depth + 1)
      }
    }

    private func quantity(_ bytes: ArraySlice<UInt8>, _ path: String) throws(KubeProtobufError) -> JSONValue?
    {
      var scanner = ProtobufScanner(bytes)
      while let (number, value) = try scanner.next() {
        if number == 1, case .bytes(let text) = value { return .string(try string(text, path)) }
      }
      return nil
    }

    private func intOrString(_ bytes: ArraySlice<UInt8>, _ path: String) throws(KubeProtobufError)
      -> JSONValue?
    {
      var scanner = ProtobufScanner(bytes)
      var isString = false
      var number: Int64 = 0
      var text = ""
      while let (field, value) = try scanner.next() {
        switch (field, value) {
        case (1, .varint(let type)): isString = type == 1
        case (2, .varint(let bits)): number = Int64(bitPattern: bits)
        case (3, .bytes(let content)): text = try string(content, path)
        default: continue
        }
      }
      return isString ? .string(text) : .int(number)
    }

    private func time(_ bytes: ArraySlice<UInt8>) throws(KubeProtobufError) -> JSONValue? {
      if bytes.isEmpty { return nil }
      var scanner = ProtobufScanner(bytes)
      var moment = Timestamp(seconds: 0)
      while let (field, value) = try scanner.next() {
        guard case .varint(let bits) = value else { continue }
        if field == 1 { moment.seconds = Int64(bitPattern: bits) }
        if field == 2 { moment.nanoseconds = Int32(truncatingIfNeeded: bits) }
      }
      // Outside these years RFC 3339 has no form for it.
      guard (-62_135_596_800...253_402_300_799).contains(moment.seconds) else {
        throw KubeProtobufError("a time is out of range")
      }
      return .string(moment.rfc3339)
    }

    private func string(_ bytes: ArraySlice<UInt8>, _ path: String) throws(KubeProtobufError) -> String {
      guard let text = String(validUTF8: bytes) else { throw KubeProtobufError("\(path) is not valid UTF-8") }
      return text
    }
  }
}
