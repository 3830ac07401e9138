extension String {
  /// Text from a file as messages show it: on one line, without control characters, at most `limit`
  /// characters and the sign that there were more.
  init(quoting text: String, limit: Int = 200) {
    self.init()
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else {
        append("…")
        return
      }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        let escape = "\\u{" + String(scalar.value, radix: 16) + "}"
        append(escape)
        count += escape.utf8.count
      default:
        unicodeScalars.append(scalar)
        count += 1
      }
    }
  }
}
