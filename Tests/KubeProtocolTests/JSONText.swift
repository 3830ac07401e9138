internal import Formats
internal import TestSupport

/// JSON written as text in a test.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

extension SeededGenerator {
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
