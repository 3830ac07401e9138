/// From a text to its terms, as scikit-learn's vectorizers analyse it.
struct TextAnalyzer: Sendable {
  enum Unit: Sendable {
    case word(TokenPattern)
    case character
    /// n-grams within words that have a space on either side.
    case characterWithinWords
  }
  enum Accents: Sendable { case keep, unicode, ascii }

  let unit: Unit
  let lowercases: Bool
  let accents: Accents
  let shortest: Int
  let longest: Int
  /// UTF-8 of the words left out before n-grams form.
  let stopWords: Set<[UInt8]>

  /// Calls `body` with each term's UTF-8.
  func forEachTerm(of text: String, _ body: ([UInt8]) -> Void) {
    var scalars = Array(text.unicodeScalars)
    if lowercases { scalars = PythonText.lowercased(scalars) }
    switch accents {
    case .keep: break
    case .unicode: scalars = PythonText.withoutAccents(scalars, toASCII: false)
    case .ascii: scalars = PythonText.withoutAccents(scalars, toASCII: true)
    }
    switch unit {
    case .word(let pattern): words(pattern.tokens(scalars).map { TextAnalyzer.bytes($0) }, body)
    case .character: characters(TextAnalyzer.joiningSpaces(scalars), body)
    case .characterWithinWords: withinWords(TextAnalyzer.joiningSpaces(scalars), body)
    }
  }

  private static func bytes(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in scalars {
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
    return bytes
  }

  private func words(_ found: [[UInt8]], _ body: ([UInt8]) -> Void) {
    let tokens = stopWords.isEmpty ? found : found.filter { !stopWords.contains($0) }
    if shortest == 1 { for token in tokens { body(token) } }
    let first = max(2, shortest)
    guard longest >= first, tokens.count >= first else { return }
    for length in first...min(longest, tokens.count) {
      for start in 0...(tokens.count - length) {
        body(Array(tokens[start..<(start + length)].joined(separator: [0x20])))
      }
    }
  }

  /// Two white spaces and more become one space.
  private static func joiningSpaces(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      var end = position
      while end < text.count, PythonText.isSpace(text[end]) { end += 1 }
      if end - position >= 2 {
        result.append(" ")
        position = end
      } else {
        result.append(text[position])
        position += 1
      }
    }
    return result
  }

  private func characters(_ text: [Unicode.Scalar], _ body: ([UInt8]) -> Void) {
    guard longest >= shortest else { return }
    for length in shortest...longest where length <= text.count {
      for start in 0...(text.count - length) { body(TextAnalyzer.bytes(text[start..<(start + length)])) }
    }
  }

  private func withinWords(_ text: [Unicode.Scalar], _ body: ([UInt8]) -> Void) {
    for word in text.split(whereSeparator: { PythonText.isSpace($0) }) {
      let padded: [Unicode.Scalar] = [" "] + word + [" "]
      for length in shortest...max(shortest, longest) {
        var offset = 0
        body(TextAnalyzer.bytes(padded.prefix(length)))
        while offset + length < padded.count {
          offset += 1
          body(TextAnalyzer.bytes(padded[offset..<min(offset + length, padded.count)]))
        }
        // A word shorter than the n-gram counts once.
        if offset == 0 { break }
      }
    }
  }
}

/// MurmurHash3's 32-bit form for x86, seed 0 (Austin Appleby, public domain), as `FeatureHasher` uses it.
enum MurmurHash {
  static func hash(_ bytes: [UInt8]) -> Int32 {
    var hash: UInt32 = 0
    var position = 0
    func mixed(_ block: UInt32) -> UInt32 {
      let product = block &* 0xcc9e_2d51
      return (product << 15 | product >> 17) &* 0x1b87_3593
    }
    while bytes.count - position >= 4 {
      var block: UInt32 = 0
      for offset in 0..<4 { block |= UInt32(bytes[position + offset]) << UInt32(8 * offset) }
      hash ^= mixed(block)
      hash = (hash << 13 | hash >> 19) &* 5 &+ 0xe654_6b64
      position += 4
    }
    var tail: UInt32 = 0
    for offset in 0..<(bytes.count - position) {
      tail |= UInt32(bytes[position + offset]) << UInt32(8 * offset)
    }
    if position < bytes.count { hash ^= mixed(tail) }
    hash ^= UInt32(truncatingIfNeeded: bytes.count)
    hash = (hash ^ hash >> 16) &* 0x85eb_ca6b
    hash = (hash ^ hash >> 13) &* 0xc2b2_ae35
    return Int32(bitPattern: hash ^ hash >> 16)
  }
}
