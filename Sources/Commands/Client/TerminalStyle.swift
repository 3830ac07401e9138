internal import Linux

/// Colors and signs for people; nothing of it in a pipe, or where `NO_COLOR` asks for none.
struct TerminalStyle: Sendable {
  var isPlain: Bool
  /// Columns; texts are wrapped to it.
  var width: Int

  /// Of standard output.
  static var output: TerminalStyle {
    let isTerminal = StandardStreams.outputIsTerminal
    let refuses = !(ProcessEnvironment.variable("NO_COLOR") ?? "").isEmpty
    let isDumb = ProcessEnvironment.variable("TERM") == "dumb"
    let columns = ProcessEnvironment.variable("COLUMNS").flatMap(Int.init) ?? 100
    return TerminalStyle(isPlain: !isTerminal || refuses || isDumb, width: max(60, min(columns, 160)))
  }

  static let plain = TerminalStyle(isPlain: true, width: 100)

  enum Ink: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case bold = "1"
    case dim = "2"
  }

  func ink(_ text: String, _ ink: Ink) -> String {
    isPlain || text.isEmpty ? text : "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
  }

  /// Breaks a text at white space, each further line after `indent` columns.
  func wrapped(_ text: String, indent: Int) -> String {
    let room = max(30, width - indent)
    guard !isPlain, text.count > room else { return text }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.count + 1 + word.count > room {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    if !line.isEmpty { lines.append(line) }
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }
}
