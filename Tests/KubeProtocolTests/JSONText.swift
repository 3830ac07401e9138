internal import Formats

/// JSON written as text in a test.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

/// A small generator with a fixed seed (SplitMix64), so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// `text` cut short, with characters exchanged, doubled or put in.
  mutating func damaged(_ text: String, with alphabet: String) -> String {
    var scalars = Array(text.unicodeScalars)
    let extra = Array(alphabet.unicodeScalars)
    for _ in 0...Int.random(in: 0..<4, using: &self) where !scalars.isEmpty {
      let position = Int.random(in: 0..<scalars.count, using: &self)
      switch Int.random(in: 0..<4, using: &self) {
      case 0: scalars.removeSubrange(position...)
      case 1: scalars[position] = extra.randomElement(using: &self) ?? " "
      case 2: scalars.insert(extra.randomElement(using: &self) ?? " ", at: position)
      default: scalars.insert(contentsOf: scalars[position...].prefix(8), at: position)
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// A random value of small depth, with keys that patches like.
  mutating func value(depth: Int, keys: [String]) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &self))
    case 2: return .int(Int.random(in: -3..<5, using: &self))
    case 3, 4: return .string(keys.randomElement(using: &self) ?? "")
    case 5:
      return .array(
        (0..<Int.random(in: 0..<4, using: &self)).map { _ in value(depth: depth - 1, keys: keys) })
    default:
      return .object(
        JSONObject(
          (0..<Int.random(in: 0..<4, using: &self)).map { _ in
            (keys.randomElement(using: &self) ?? "", value(depth: depth - 1, keys: keys))
          }))
    }
  }
}
