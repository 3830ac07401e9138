/// Recognizes, in a program's last lines, that it could not have its port; each language has its own words.
enum PortConflict {
  /// The port, or "" where the words do not name it; nil where no line tells of a conflict.
  static func port(in lines: [String]) -> String? {
    let words = ["address already in use", "eaddrinuse", "port is already allocated", "address in use"]
    guard
      let line = lines.last(where: { line in words.contains { QuotedName.find($0, in: line) != nil } })
    else { return nil }
    return number(in: line) ?? lines.reversed().lazy.compactMap(portAfterWord).first ?? ""
  }

  /// `127.0.0.1:8080`, `('127.0.0.1', 8080)`, `port 8080`.
  private static func number(in line: String) -> String? {
    if let port = portAfterWord(line) { return port }
    var best: String?
    var previous: Character = " "
    var rest = Substring(line)
    while let character = rest.first {
      guard character.isASCII, character.isNumber else {
        previous = character
        rest = rest.dropFirst()
        continue
      }
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      // `[Errno 98]` and the parts of an address are no ports.
      let isPart = previous == "." || rest.first == "."
      let isErrno = rest.first == "]"
      if let number = Int(digits), (1...65535).contains(number), !isPart, !isErrno { best = String(digits) }
      previous = "0"
    }
    return best
  }

  private static func portAfterWord(_ line: String) -> String? {
    for word in ["port ", "port=", "port: "] {
      guard let start = QuotedName.find(word, in: line) else { continue }
      let digits = line[start...].prefix { $0.isASCII && $0.isNumber }
      if let number = Int(digits), (1...65535).contains(number) { return String(digits) }
    }
    return nil
  }
}
