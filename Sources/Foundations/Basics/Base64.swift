/// Base64 (RFC 4648), plain with padding or URL-safe without. Decoding is strict: no white space, no stray
/// bits, and padding exactly where the form has it.
public enum Base64 {
  private static let plainAlphabet = Bytes(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlAlphabet = Bytes(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  private static let plainValues = values(plainAlphabet)
  private static let urlValues = values(urlAlphabet)
  private static let padding = UInt8(ascii: "=")
  private static let invalid: UInt8 = 0xFF

  public static func encode(_ bytes: Bytes) -> String { encode(bytes, plainAlphabet, padded: true) }

  /// The form of JSON Web Tokens: `-` and `_`, no padding.
  public static func encodeURL(_ bytes: Bytes) -> String { encode(bytes, urlAlphabet, padded: false) }

  public static func decode(_ text: String) -> Bytes? {
    var characters = Bytes(text.utf8)
    guard characters.count % 4 == 0 else { return nil }
    for _ in 0..<2 where characters.last == padding { characters.removeLast() }
    return decode(characters, plainValues)
  }

  /// As `decode`, of text that is broken into lines, as people write it into manifests.
  public static func decodeLines(_ text: String) -> Bytes? {
    decode(String(decoding: text.utf8.filter { $0 != 10 && $0 != 13 }, as: UTF8.self))
  }

  public static func decodeURL(_ text: String) -> Bytes? { decode(Bytes(text.utf8), urlValues) }

  private static func values(_ alphabet: Bytes) -> Bytes {
    var table = Bytes(repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() {
      table[Int(character)] = UInt8(truncatingIfNeeded: value)
    }
    return table
  }

  private static func encode(_ bytes: Bytes, _ alphabet: Bytes, padded: Bool) -> String {
    var text = Bytes()
    text.reserveCapacity((bytes.count / 3 + 1) * 4)
    var index = 0
    while index < bytes.count {
      let count = min(3, bytes.count - index)
      var group: UInt32 = 0
      for offset in 0..<3 {
        group = group << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0)
      }
      for position in 0..<4 {
        if position <= count {
          text.append(alphabet[Int(group >> UInt32(18 - 6 * position)) & 63])
        } else if padded {
          text.append(padding)
        }
      }
      index += 3
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func decode(_ characters: Bytes, _ values: Bytes) -> Bytes? {
    guard characters.count % 4 != 1 else { return nil }
    var result = Bytes()
    result.reserveCapacity(characters.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    for character in characters {
      let value = values[Int(character)]
      if value == invalid { return nil }
      bits = bits << 6 | UInt32(value)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> bitCount))
        bits &= (1 << bitCount) - 1
      }
    }
    return bits == 0 ? result : nil
  }
}
