internal import Basics

extension PickleMachine {
  mutating func executeObject(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .reduce:
      let arguments = try popTuple()
      let global = try popGlobal()
      push(try call(global, arguments))
    case .newobj:
      let arguments = try popTuple()
      push(try instantiate(try popGlobal(), arguments))
    case .newobjEx:
      _ = try pop()
      let arguments = try popTuple()
      push(try instantiate(try popGlobal(), arguments))
    case .inst:
      let module = try readTextLine()
      let global = try resolve(module: module, name: try readTextLine())
      push(try instantiate(global, try popMark()))
    case .obj:
      var values = try popMark()
      guard !values.isEmpty, case .global(let global) = values.removeFirst() else {
        throw corrupt("an instance of something that is no class")
      }
      push(try instantiate(global, values))
    default: try build()
    }
  }

  private mutating func popTuple() throws(PickleError) -> [PickleValue] {
    guard let values = tuple(try pop()) else { throw corrupt("call arguments that are no tuple") }
    return values
  }

  private mutating func popGlobal() throws(PickleError) -> PickleGlobal {
    guard case .global(let global) = try pop() else {
      throw corrupt("a call of something that is no known name")
    }
    return global
  }

  /// What REDUCE of a known name gives, computed from the arguments as data.
  private mutating func call(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(PickleError) -> PickleValue {
    switch global.meaning {
    case .arrayReconstruct: return try makeNode(.unfilledArray)
    case .arrayFromBuffer: return try arrayFromBuffer(arguments)
    case .dtypeClass: return try makeNode(.dtype(try dtype(arguments)))
    case .scalar: return try scalar(arguments)
    case .encode, .bytesClass, .bytearrayClass: return .bytes(try bytes(arguments))
    case .setClass: return try makeNode(.set(try items(arguments.first)))
    case .listClass: return try makeNode(.list(try items(arguments.first)))
    case .tupleClass: return try makeNode(.tuple(try items(arguments.first)))
    case .dictionaryClass: return try makeNode(.dictionary(try entries(arguments)))
    case .reconstructor, .newObject:
      guard case .global(let type)? = arguments.first else { throw corrupt("a call without a class") }
      let rest = global.meaning == .newObject ? Array(arguments.dropFirst()) : []
      return try instantiate(type, rest)
    default: return try instantiate(global, arguments)
    }
  }

  private mutating func instantiate(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(PickleError) -> PickleValue {
    switch global.meaning {
    case .estimator, .tree, .opaque, .arrayWrapper:
      return try makeNode(.object(PickleObject(global: global, arguments: arguments, state: nil)))
    case .legacyArrayWrapper:
      throw .unsupported(
        reason: "it was written by joblib 0.9 or older, which keeps arrays in separate files; "
          + "load it there and save it again with a current joblib")
    case .setClass, .listClass, .tupleClass, .dictionaryClass, .bytesClass, .bytearrayClass, .dtypeClass:
      return try call(global, arguments)
    default: throw corrupt("an instance of \(global.fullName), which is no class")
    }
  }

  // MARK: BUILD

  private mutating func build() throws(PickleError) {
    let state = try pop()
    let index = try topNode()
    switch nodes[index] {
    case .unfilledArray: try replaceNode(index, with: .array(try array(state: state)))
    case .dtype(let dtype): try replaceNode(index, with: .dtype(try self.dtype(dtype, state: state)))
    case .object(var object):
      if object.global.meaning == .arrayWrapper {
        try replaceNode(index, with: .array(try readWrappedArray(state)))
      } else {
        object.state = state
        nodes[index] = .object(object)
      }
    // scikit-learn's Bunch is a dictionary with attributes that nobody reads.
    case .dictionary: break
    default: throw corrupt("a state is set on something that has none")
    }
  }

  // MARK: Plain values

  /// `bytes()`, `bytes(list)`, `_codecs.encode(text, "latin1")`, `bytearray(…)`.
  private mutating func bytes(_ arguments: [PickleValue]) throws(PickleError) -> ArraySlice<UInt8> {
    guard let first = arguments.first else { return [] }
    switch first {
    case .bytes(let bytes): return bytes
    case .string(let text):
      try charge(PickleCost.heapBlock + text.utf8.count)
      var bytes = Bytes()
      bytes.reserveCapacity(text.utf8.count)
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { throw corrupt("text that is not Latin-1") }
        bytes.append(byte)
      }
      return bytes[...]
    default: throw corrupt("bytes made from something else")
    }
  }

  private func items(_ value: PickleValue?) throws(PickleError) -> [PickleValue] {
    guard let value else { return [] }
    guard case .node(let index) = value else { throw corrupt("a collection made from something else") }
    switch nodes[index] {
    case .list(let values), .tuple(let values), .set(let values): return values
    default: throw corrupt("a collection made from something else")
    }
  }

  private mutating func entries(_ arguments: [PickleValue]) throws(PickleError) -> [PickleEntry] {
    // OrderedDict([[key, value], …]); a defaultdict's factory is a name and stands alone.
    guard let first = arguments.first, case .node = first else { return [] }
    let pairs = try items(first)
    try charge(PickleCost.values(2 * pairs.count))
    var entries: [PickleEntry] = []
    entries.reserveCapacity(pairs.count)
    for pair in pairs {
      let parts = try items(pair)
      guard parts.count == 2 else { throw corrupt("a dictionary made from something else") }
      entries.append(PickleEntry(key: parts[0], value: parts[1]))
    }
    return entries
  }
}
