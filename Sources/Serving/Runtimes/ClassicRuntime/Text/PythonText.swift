/// Python's notions of text, scalar by scalar.
enum PythonText {
  /// `\w` of Python's `re`: letters, numbers and the underscore; no combining marks.
  static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": return true
      default: return false
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
    default: return scalar.properties.numericType != nil
    }
  }

  static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .decimalNumber
  }

  /// `str.isspace`.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f,
      0x3000:
      true
    default: false
    }
  }

  /// `str.lower()`, with the final sigma.
  static func lowercased(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for (index, scalar) in text.enumerated() {
      if scalar.value < 0x80 {
        let isUpper = scalar.value >= 0x41 && scalar.value <= 0x5a
        result.append(isUpper ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar)
      } else if scalar == "\u{3a3}" {
        result.append(isFinal(index, text) ? "\u{3c2}" : "\u{3c3}")
      } else {
        result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return result
  }

  /// A sigma after a cased letter and before none.
  private static func isFinal(_ index: Int, _ text: [Unicode.Scalar]) -> Bool {
    var before = index - 1
    while before >= 0, text[before].properties.isCaseIgnorable { before -= 1 }
    guard before >= 0, text[before].properties.isCased else { return false }
    var after = index + 1
    while after < text.count, text[after].properties.isCaseIgnorable { after += 1 }
    return after >= text.count || !text[after].properties.isCased
  }

  /// `strip_accents_unicode`, or with `toASCII` `strip_accents_ascii`.
  static func withoutAccents(_ text: [Unicode.Scalar], toASCII: Bool) -> [Unicode.Scalar] {
    if text.allSatisfy({ $0.value < 0x80 }) { return text }
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for scalar in text {
      if scalar.value < 0x80 {
        result.append(scalar)
      } else if let replacement = AccentTable.replacements[scalar.value] {
        result.append(contentsOf: replacement)
      } else if (0xac00...0xd7a3).contains(scalar.value) {
        result.append(contentsOf: jamo(scalar))
      } else if scalar.properties.canonicalCombiningClass == .notReordered {
        result.append(scalar)
      }
    }
    return toASCII ? result.filter { $0.value < 0x80 } : result
  }

  /// A Hangul syllable's parts.
  private static func jamo(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    let index = scalar.value - 0xac00
    let codes = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
    let last = index % 28
    return (last == 0 ? codes : codes + [0x11a7 + last]).compactMap(Unicode.Scalar.init)
  }
}
