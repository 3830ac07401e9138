internal import Basics

/// numpy's and joblib's own constructors, computed as data.
extension PickleMachine {
  // MARK: Types

  /// `dtype('f8', False, True)`.
  func dtype(_ arguments: [PickleValue]) throws(PickleError) -> NumpyDType {
    switch arguments.first {
    case .string(let code):
      guard let dtype = NumpyDType(code: code) else {
        throw corrupt("numpy type '\(String(quoting: code, limit: 40))' is unknown")
      }
      return dtype
    case .global(let global) where global.module == "builtins" && global.name == "object":
      return NumpyDType(kind: .object, itemSize: 8)
    default: throw corrupt("a numpy type that is not given as text")
    }
  }

  /// The state tuple (version, byte order, subtype, names, fields, item size, alignment, flags…).
  func dtype(_ base: NumpyDType, state: PickleValue) throws(PickleError) -> NumpyDType {
    guard let parts = tuple(state), parts.count >= 7 else {
      throw corrupt("a numpy type with a malformed state")
    }
    var dtype = base
    if case .string(let order) = parts[1] { dtype.isBigEndian = order == ">" }
    if case .none = parts[2] {} else { throw .unsupported(reason: "it holds a numpy sub-array type") }
    if case .integer(let size) = parts[5], size >= 0 {
      guard let size = Int(exactly: size), size <= limits.dtypeBytes else {
        throw .limit(offset: offset, reason: "a numpy type of \(size) bytes")
      }
      switch base.kind {
      case .void, .unicode, .bytes: dtype.itemSize = size
      default: break
      }
    }
    if let names = tuple(parts[3]) { dtype.fields = try fields(names, parts[4], within: dtype.itemSize) }
    return dtype
  }

  private func fields(
    _ names: [PickleValue], _ value: PickleValue, within size: Int
  ) throws(PickleError) -> [NumpyDType.Field] {
    guard case .node(let index) = value, case .dictionary(let entries) = nodes[index] else {
      throw corrupt("a structured numpy type without fields")
    }
    guard names.count <= 256, entries.count <= 1024 else {
      throw .limit(offset: offset, reason: "a structured numpy type with \(entries.count) fields")
    }
    var fields: [NumpyDType.Field] = []
    for entry in entries {
      guard case .string(let name) = entry.key, let parts = tuple(entry.value), parts.count >= 2,
        case .integer(let wide) = parts[1], let offset = Int(exactly: wide), offset >= 0
      else { throw corrupt("a malformed field of a numpy type") }
      let dtype = try dtypeNode(parts[0])
      guard offset <= size, dtype.itemSize <= size - offset else {
        throw corrupt("a numpy field beyond its element")
      }
      guard dtype.fields.isEmpty else { throw .unsupported(reason: "it holds nested structured numpy types") }
      fields.append(NumpyDType.Field(name: name, offset: offset, dtype: dtype))
    }
    return fields
  }

  private func dtypeNode(_ value: PickleValue?) throws(PickleError) -> NumpyDType {
    guard case .node(let index)? = value, case .dtype(let dtype) = nodes[index] else {
      throw corrupt("something else where a numpy type belongs")
    }
    return dtype
  }

  // MARK: Arrays

  private func shape(_ value: PickleValue?) throws(PickleError) -> [Int] {
    if case .integer(let length)? = value, let length = Int(exactly: length), length >= 0 { return [length] }
    guard let value, let parts = tuple(value), parts.count <= limits.arrayDimensions else {
      throw corrupt("an array with a malformed shape")
    }
    var shape: [Int] = []
    for part in parts {
      guard case .integer(let wide) = part, let length = Int(exactly: wide), length >= 0 else {
        throw corrupt("an array with a malformed shape")
      }
      shape.append(length)
    }
    return shape
  }

  private func makeArray(
    _ dtype: NumpyDType, _ shape: [Int], isFortranOrder: Bool, _ storage: NumpyArray.Storage
  ) throws(PickleError) -> NumpyArray {
    let array = NumpyArray(dtype: dtype, shape: shape, isFortranOrder: isFortranOrder, storage: storage)
    guard let array else { throw corrupt("an array of shape \(shape) whose content has another size") }
    return array
  }

  /// `ndarray.__setstate__((version, shape, dtype, is Fortran, content))`.
  mutating func array(state: PickleValue) throws(PickleError) -> NumpyArray {
    guard let parts = tuple(state), parts.count >= 4 else { throw corrupt("an array with a malformed state") }
    let rest = Array(parts.suffix(4))
    let dtype = try dtypeNode(rest[1])
    var isFortranOrder = false
    switch rest[2] {
    case .bool(let flag): isFortranOrder = flag
    case .integer(let flag): isFortranOrder = flag != 0
    default: break
    }
    let storage: NumpyArray.Storage
    switch rest[3] {
    case .bytes(let bytes): storage = .raw(bytes)
    case .string(let text):
      try charge(PickleCost.heapBlock + text.utf8.count)
      storage = .raw(Bytes(text.utf8)[...])
    case .node(let index):
      guard case .list(let values) = nodes[index] else { throw corrupt("an array with malformed content") }
      storage = .objects(values)
    default: throw corrupt("an array with malformed content")
    }
    return try makeArray(dtype, try shape(rest[0]), isFortranOrder: isFortranOrder, storage)
  }

  /// `_frombuffer(buffer, dtype, shape, order)`: protocol 5 with the buffer in the stream.
  mutating func arrayFromBuffer(_ arguments: [PickleValue]) throws(PickleError) -> PickleValue {
    guard arguments.count == 4, case .bytes(let bytes) = arguments[0], case .string(let order) = arguments[3]
    else {
      throw corrupt("an array with a malformed buffer")
    }
    let array = try makeArray(
      try dtypeNode(arguments[1]), try shape(arguments[2]), isFortranOrder: order == "F", .raw(bytes))
    return try makeNode(.array(array))
  }

  /// `scalar(dtype, bytes)` as a plain value.
  mutating func scalar(_ arguments: [PickleValue]) throws(PickleError) -> PickleValue {
    let dtype = try dtypeNode(arguments.first)
    guard arguments.count == 2 else { throw corrupt("a numpy scalar without a value") }
    guard case .bytes(let bytes) = arguments[1] else {
      if dtype.kind == .object { return arguments[1] }
      throw corrupt("a numpy scalar without a value")
    }
    let array = try makeArray(dtype, [], isFortranOrder: false, .raw(bytes))
    switch dtype.kind {
    case .bool: return .bool(array.integers()?.first != 0)
    case .signed, .unsigned: return array.integers()?.first.map { .integer($0) } ?? .bigInteger(bytes)
    case .float:
      guard let number = array.doubles()?.first else {
        throw .unsupported(reason: "it holds a \(dtype.name)")
      }
      return .float(number)
    case .unicode, .bytes:
      try charge(PickleCost.text(bytes.count))
      guard let text = array.strings()?.first else { throw corrupt("text that is not valid Unicode") }
      return .string(text)
    default: return .bytes(bytes)
    }
  }

  // MARK: joblib

  /// The array whose bytes follow a `NumpyArrayWrapper` in the stream.
  mutating func readWrappedArray(_ state: PickleValue) throws(PickleError) -> NumpyArray {
    guard case .node(let index) = state, case .dictionary(let entries) = nodes[index] else {
      throw corrupt("a joblib array wrapper without a state")
    }
    guard entries.count <= limits.wrapperAttributes else {
      throw .limit(offset: offset, reason: "a joblib array wrapper with \(entries.count) attributes")
    }
    var values: [String: PickleValue] = [:]
    for entry in entries {
      if case .string(let key) = entry.key { values[key] = entry.value }
    }
    let dtype = try dtypeNode(values["dtype"])
    let shape = try shape(values["shape"])
    if dtype.hasObjects { return try readObjectArray(shape) }
    if case .integer? = values["numpy_array_alignment_bytes"] {
      // One byte says how many bytes of padding follow.
      _ = try readSlice(Int(try readByte()))
    }
    guard let count = NumpyArray.count(of: shape) else { throw corrupt("an array of shape \(shape)") }
    let (size, overflow) = count.multipliedReportingOverflow(by: dtype.itemSize)
    guard !overflow else { throw corrupt("an array of shape \(shape)") }
    var isFortranOrder = false
    if case .string(let order)? = values["order"] { isFortranOrder = order == "F" }
    return try makeArray(dtype, shape, isFortranOrder: isFortranOrder, .raw(try readSlice(size)))
  }

  private mutating func readObjectArray(_ shape: [Int]) throws(PickleError) -> NumpyArray {
    guard case .node(let index) = try runNested(), case .array(let array) = nodes[index], array.shape == shape
    else {
      throw corrupt("an object array whose content has another shape")
    }
    return array
  }
}
