/// Times on the command line.
enum TimeText {
  /// `60s`, `2m`, `1h` or plain seconds.
  static func duration(_ text: String, option: String) throws(UsageError) -> Duration {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int64(unit == nil ? Substring(text) : text.dropLast()),
      (0...1_000_000).contains(number)
    else {
      throw UsageError(message: "\(option) takes a time like 60s, 2m or 1h, not '\(text)'")
    }
    return .seconds(number * (unit ?? 1))
  }
}
