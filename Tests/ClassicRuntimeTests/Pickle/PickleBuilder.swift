internal import Basics

/// Writes pickles by hand.
struct PickleBuilder {
  private(set) var bytes: Bytes = [0x80, 2]

  static func make(_ build: (inout PickleBuilder) -> Void) -> Bytes {
    var builder = PickleBuilder()
    build(&builder)
    builder.add(0x2e)
    return builder.bytes
  }

  mutating func add(_ opcode: UInt8, _ argument: Bytes = []) {
    bytes.append(opcode)
    bytes.append(contentsOf: argument)
  }

  mutating func text(_ text: String) {
    add(0x8c, [UInt8(truncatingIfNeeded: text.utf8.count)] + Bytes(text.utf8))
  }
  mutating func global(_ module: String, _ name: String) { add(0x63, Bytes("\(module)\n\(name)\n".utf8)) }
  mutating func integer(_ value: UInt8) { add(0x4b, [value]) }
}
