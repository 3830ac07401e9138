internal import Basics

extension PickleMachine {
  mutating func execute(_ opcode: PickleOpcode) throws(PickleError) {
    if try executeConstant(opcode) { return }
    if try executeContainer(opcode) { return }
    switch opcode {
    case .mark: marks.append(stack.count)
    case .pop: try executePop()
    case .popMark: _ = try popMark()
    case .dup: try executeDuplicate()
    case .put: try memoize(try readMemoNumber())
    case .binput: try memoize(Int(try readByte()))
    case .longBinput: try memoize(try readLength(4))
    case .memoize: try memoize(memo.count)
    case .get: try pushMemo(try readMemoNumber())
    case .binget: try pushMemo(Int(try readByte()))
    case .longBinget: try pushMemo(try readLength(4))
    case .proto: try executeProtocol()
    case .frame: try executeFrame()
    case .global:
      let module = try readTextLine()
      push(.global(try resolve(module: module, name: try readTextLine())))
    case .stackGlobal: try executeStackGlobal()
    case .reduce, .newobj, .newobjEx, .build, .inst, .obj: try executeObject(opcode)
    case .persid, .binpersid:
      throw .unsupported(reason: "it refers to objects outside the file (persistent ids)")
    case .ext1, .ext2, .ext4:
      throw .unsupported(
        reason: "it uses copyreg extension codes, which only the writing program can resolve")
    case .nextBuffer, .readonlyBuffer:
      throw .unsupported(reason: "its arrays are out-of-band protocol 5 buffers, which are not in the file")
    default: throw corrupt("opcode \(opcode) out of place")
    }
  }

  private mutating func readMemoNumber() throws(PickleError) -> Int {
    let number = try readDecimalLine()
    guard number >= 0 else { throw corrupt("a negative memo number") }
    return number
  }

  private mutating func executePop() throws(PickleError) {
    // CPython's POP also removes a mark that lies on top.
    if let mark = marks.last, mark == stack.count {
      marks.removeLast()
    } else {
      _ = try pop()
    }
  }

  private mutating func executeDuplicate() throws(PickleError) {
    let value = try pop()
    push(value)
    push(value)
  }

  private mutating func executeProtocol() throws(PickleError) {
    let version = try readByte()
    guard version <= 5 else { throw corrupt("pickle protocol \(version); 0 to 5 are known") }
  }

  private mutating func executeFrame() throws(PickleError) {
    let length = try readLength(8)
    guard length <= input.count - offset else { throw truncated() }
  }

  private mutating func executeStackGlobal() throws(PickleError) {
    guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
      throw corrupt("a global whose name is not text")
    }
    push(.global(try resolve(module: module, name: name)))
  }

  /// The closed list decides, before anything else happens.
  mutating func resolve(module: String, name: String) throws(PickleError) -> PickleGlobal {
    if let global = PickleGlobal.find(module: module, name: name) {
      if global.meaning == .opaque { try charge(PickleCost.heapBlock + 64) }
      return global
    }
    let fullName = String(quoting: "\(module).\(name)")
    let library = module.prefix { $0 != "." }
    if ["sklearn", "xgboost", "lightgbm", "catboost"].contains(library) {
      throw .unsupportedClass(name: fullName)
    }
    throw .refused(offset: offset, name: fullName)
  }

  // MARK: Constants

  private mutating func executeConstant(_ opcode: PickleOpcode) throws(PickleError) -> Bool {
    switch opcode {
    case .none: push(.none)
    case .newtrue: push(.bool(true))
    case .newfalse: push(.bool(false))
    case .int: try executeIntegerLine()
    case .long: try executeLongLine()
    case .binint: push(.integer(Int64(try readInt32())))
    case .binint1: push(.integer(Int64(try readByte())))
    case .binint2: push(.integer(Int64(try readLength(2))))
    case .long1: push(integer(try readSlice(Int(try readByte()))))
    case .long4: try executeLong4()
    case .float: try executeFloatLine()
    case .binfloat: push(.float(try readDouble()))
    case .string: try executeQuotedLine()
    case .binstring: push(try oldString(try readSlice(try readLength(4))))
    case .shortBinstring: push(try oldString(try readSlice(Int(try readByte()))))
    case .unicode: try executeUnicodeLine()
    case .binunicode: push(.string(try readText(try readLength(4))))
    case .shortBinunicode: push(.string(try readText(Int(try readByte()))))
    case .binunicode8: push(.string(try readText(try readLength(8))))
    case .binbytes: push(.bytes(try readSlice(try readLength(4))))
    case .shortBinbytes: push(.bytes(try readSlice(Int(try readByte()))))
    case .binbytes8, .bytearray8: push(.bytes(try readSlice(try readLength(8))))
    default: return false
    }
    return true
  }

  private mutating func executeIntegerLine() throws(PickleError) {
    let text = try readTextLine()
    switch text {
    case "00": push(.bool(false))
    case "01": push(.bool(true))
    default:
      guard let number = Int64(text) else {
        throw corrupt("'\(String(quoting: text, limit: 40))' where an integer belongs")
      }
      push(.integer(number))
    }
  }

  private mutating func executeLongLine() throws(PickleError) {
    let text = try readTextLine()
    let digits = text.hasSuffix("L") ? text.dropLast() : text[...]
    guard let number = Int64(digits) else {
      throw .unsupported(reason: "it holds a protocol 0 integer beyond 64 bits")
    }
    push(.integer(number))
  }

  private mutating func executeLong4() throws(PickleError) {
    let count = try readLength(4)
    guard count <= limits.integerBytes else {
      throw .limit(offset: offset, reason: "an integer of \(count) bytes")
    }
    push(integer(try readSlice(count)))
  }

  private mutating func executeFloatLine() throws(PickleError) {
    let text = try readTextLine()
    guard let number = Double(text) else {
      throw corrupt("'\(String(quoting: text, limit: 40))' where a float belongs")
    }
    push(.float(number))
  }

  private mutating func executeQuotedLine() throws(PickleError) {
    let line = try readLine()
    guard line.count >= 2, let quote = line.first, quote == line.last, quote == 0x27 || quote == 0x22 else {
      throw corrupt("a string without quotes")
    }
    let body = line.dropFirst().dropLast()
    guard !body.contains(0x5c) else {
      throw .unsupported(
        reason: "it holds a protocol 0 string with escapes; save it with protocol 2 or newer")
    }
    push(try oldString(body))
  }

  private mutating func executeUnicodeLine() throws(PickleError) {
    let text = try readTextLine()
    guard !text.utf8.contains(0x5c) else {
      throw .unsupported(reason: "it holds a protocol 0 text with escapes; save it with protocol 2 or newer")
    }
    try charge(PickleCost.text(text.utf8.count))
    push(.string(text))
  }

  /// Python 2's `str`: text where it is ASCII, else bytes.
  private mutating func oldString(_ bytes: ArraySlice<UInt8>) throws(PickleError) -> PickleValue {
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return .bytes(bytes) }
    try charge(PickleCost.text(bytes.count))
    return String(validUTF8: bytes).map { .string($0) } ?? .bytes(bytes)
  }
}
