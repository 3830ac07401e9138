/// Names that the messages of nodes and API servers quote.
enum QuotedName {
  /// What stands in double quotes right after `words`: `secret "x" not found` → x.
  static func after(_ words: String, in text: String) -> String? {
    guard let start = find(words, in: text) else { return nil }
    let rest = text[start...].drop(while: \.isWhitespace)
    guard rest.first == "\"" else { return nil }
    let inner = rest.dropFirst()
    guard let end = inner.firstIndex(of: "\""), end > inner.startIndex else { return nil }
    return String(inner[..<end].prefix(253))
  }

  /// The next word after `words`, up to white space or a sign that ends it.
  static func wordAfter(_ words: String, in text: String) -> String? {
    guard let start = find(words, in: text) else { return nil }
    let rest = text[start...].drop(while: \.isWhitespace)
    var word = rest.prefix { !$0.isWhitespace && !",;\"'()".contains($0) }
    while word.last == "." || word.last == ":" { word = word.dropLast() }
    return word.isEmpty ? nil : String(word.prefix(253))
  }

  /// Where the text goes on after `words`, the case of ASCII letters aside.
  static func find(_ words: String, in text: String) -> String.Index? {
    let wanted = words.utf8.map(lowercase)
    guard let first = wanted.first else { return text.startIndex }
    let bytes = text.utf8
    var start = bytes.startIndex
    while start < bytes.endIndex {
      if lowercase(bytes[start]) == first {
        var position = start
        var matched = 0
        while matched < wanted.count, position < bytes.endIndex, lowercase(bytes[position]) == wanted[matched]
        {
          position = bytes.index(after: position)
          matched += 1
        }
        if matched == wanted.count { return position }
      }
      start = bytes.index(after: start)
    }
    return nil
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
