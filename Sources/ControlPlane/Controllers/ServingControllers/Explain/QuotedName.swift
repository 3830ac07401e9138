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

  /// Where the text goes on after `words`, letters' case aside.
  static func find(_ words: String, in text: String) -> String.Index? {
    let wanted = Array(words.lowercased())
    guard !wanted.isEmpty else { return text.startIndex }
    var index = text.startIndex
    while index < text.endIndex {
      var position = index
      var matched = 0
      while matched < wanted.count, position < text.endIndex,
        text[position].lowercased() == String(wanted[matched])
      {
        position = text.index(after: position)
        matched += 1
      }
      if matched == wanted.count { return position }
      index = text.index(after: index)
    }
    return nil
  }
}
