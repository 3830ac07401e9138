internal import Basics
internal import Formats

/// Checks of strings, numbers and combined schemas.
extension SchemaValidationRun {
  mutating func checkString(_ text: String, _ parts: Schema.Parts) {
    if parts.minimumLength != nil || parts.maximumLength != nil {
      let count = text.unicodeScalars.count
      if let minimum = parts.minimumLength, count < minimum {
        addInvalid(Self.shown(.string(text)), "should be at least \(minimum) chars long")
      }
      if let maximum = parts.maximumLength, count > maximum {
        add("FieldValueTooLong", "Too long: may not be more than \(maximum) bytes")
      }
    }
    if let pattern = parts.pattern { checkPattern(text, pattern) }
    if !parts.format.isEmpty && !Self.hasFormat(text, parts.format) {
      let shown = Self.shown(.string(text))
      addInvalid(shown, "must be of type \(parts.format): \(shown)")
    }
  }

  private mutating func checkPattern(_ text: String, _ source: String) {
    do {
      if try !PatternCache.shared.pattern(source).matches(text) {
        addInvalid(Self.shown(.string(text)), "should match '\(source)'")
      }
    } catch {
      // A schema's reader has refused bad patterns; what remains is a text that costs too much to match.
      addInvalid(Self.shown(.string(text)), "cannot be compared with '\(source)': \(error.message)")
    }
  }

  mutating func checkNumber(_ number: JSONNumber, _ parts: Schema.Parts) {
    let value = number.double
    if let minimum = parts.minimum, parts.excludesMinimum ? value <= minimum : value < minimum {
      let relation = parts.excludesMinimum ? "greater than" : "greater than or equal to"
      addInvalid(number.text, "should be \(relation) \(Self.shown(minimum))")
    }
    if let maximum = parts.maximum, parts.excludesMaximum ? value >= maximum : value > maximum {
      let relation = parts.excludesMaximum ? "less than" : "less than or equal to"
      addInvalid(number.text, "should be \(relation) \(Self.shown(maximum))")
    }
    if let divisor = parts.multipleOf, divisor > 0, value.isFinite {
      let quotient = value / divisor
      if quotient != quotient.rounded() {
        addInvalid(number.text, "should be a multiple of \(Self.shown(divisor))")
      }
    }
    let isInRange: Bool
    switch parts.format {
    case "int32": isInRange = parts.kind != .integer || number.int64.flatMap(Int32.init(exactly:)) != nil
    case "int64": isInRange = parts.kind != .integer || number.int64 != nil
    default: isInRange = value.isFinite
    }
    if !isInRange {
      let format = parts.format.isEmpty ? "number" : parts.format
      addInvalid(number.text, "must be of type \(format): \"\(number.text.prefix(64))\"")
    }
  }

  mutating func checkComposition(_ value: JSONValue, _ parts: Schema.Parts) {
    for schema in parts.allOf { validate(value, schema) }
    if parts.anyOf.isEmpty && parts.oneOf.isEmpty && parts.not == nil { return }
    let subject = FieldPath.quoted(path.text)
    if !parts.anyOf.isEmpty && !parts.anyOf.contains(where: { accepts(value, $0) }) {
      add("FieldValueInvalid", "Invalid value: \"\": \(subject) must validate at least one schema (anyOf)")
    }
    if !parts.oneOf.isEmpty {
      let count = parts.oneOf.count { accepts(value, $0) }
      if count != 1 {
        let found = count == 0 ? "Found none valid" : "Found \(count) valid alternatives"
        add(
          "FieldValueInvalid",
          "Invalid value: \"\": \(subject) must validate one and only one schema (oneOf). \(found)")
      }
    }
    if let refused = parts.not, accepts(value, refused) {
      add("FieldValueInvalid", "Invalid value: \"\": \(subject) must not validate the schema (not)")
    }
  }

  private func accepts(_ value: JSONValue, _ schema: Schema) -> Bool {
    var options = options
    options.maximumCauses = 1
    var run = SchemaValidationRun(catalog: catalog, options: options, path: path)
    run.validate(value, schema)
    return run.causes.isEmpty
  }

  /// `10` rather than `10.0`.
  private static func shown(_ bound: Double) -> String {
    Int64(exactly: bound).map(String.init) ?? bound.description
  }

  /// Formats that are not listed here are not checked, as in Kubernetes.
  private static func hasFormat(_ text: String, _ format: String) -> Bool {
    switch format {
    case "date-time": Timestamp(rfc3339: text) != nil
    case "date": text.utf8.count == 10 && Timestamp(rfc3339: text + "T00:00:00Z") != nil
    case "byte": isBase64(text)
    case "uuid": isUUID(text)
    case "ipv4": isIPv4(text)
    default: true
    }
  }

  private static func isBase64(_ text: String) -> Bool {
    let bytes = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
    guard bytes.count % 4 == 0 else { return false }
    let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return padding <= 2
      && bytes.dropLast(padding).allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "/"): true
        default: false
        }
      }
  }

  private static func isUUID(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let isHex = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x46, 0x61...0x66, UInt8(ascii: "-"): true
      default: false
      }
    }
    return isHex && parts.map(\.count) == [8, 4, 4, 4, 12]
  }

  private static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        UInt8(part).map { String($0) == part } ?? false
      }
  }
}
