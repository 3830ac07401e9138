internal import ServingAPI
internal import ServingControllers

/// An explanation as people read it: the chain as a tree, then the cause and the fix.
struct WhyText {
  let style: TerminalStyle

  func render(_ explanation: Explanation, showsRuntimes: Bool) -> String {
    var text = ""
    for link in explanation.chain { text += line(link) }
    if showsRuntimes { text += runtimes(explanation) }
    text += "\n"
    guard let cause = explanation.cause else {
      return text + style.ink("Nothing is wrong with \(explanation.name).", .green) + "\n"
    }
    let code = cause.value.isEmpty ? cause.code.rawValue : "\(cause.code.rawValue)  \(cause.value)"
    text += "\(label("Code"))\(style.ink(code, .bold))\n"
    text += "\(label("Cause"))\(style.ink(style.wrapped(sentence(cause.cause), indent: 7), .red))\n"
    if !cause.fix.isEmpty {
      text += "\(label("Fix"))\(style.ink(style.wrapped(sentence(cause.fix), indent: 7), .green))\n"
    }
    return text
  }

  private func label(_ name: String) -> String {
    style.ink(name, .dim) + ":" + String(repeating: " ", count: 6 - name.count)
  }

  /// With a capital letter, where it begins with a word, and a full stop.
  private func sentence(_ text: String) -> String {
    guard let first = text.first else { return text }
    let end = text.hasSuffix(".") || text.hasSuffix("…") ? "" : "."
    return first.uppercased() + text.dropFirst() + end
  }

  private func line(_ link: Explanation.Link) -> String {
    let indent = String(repeating: "  ", count: link.depth)
    let head = link.name.isEmpty || link.name == "-" ? link.kind : "\(link.kind) \(link.name)"
    let sign = sign(link.state)
    guard link.state != .note else {
      let words = link.kind == "log" ? "| \(link.message)" : "\(head): \(link.message)"
      return "\(indent)\(sign) \(style.ink(style.wrapped(words, indent: indent.count + 2), .dim))\n"
    }
    let start = "\(indent)\(sign) \(style.isPlain ? head : style.ink(head, .bold))"
    guard !link.message.isEmpty else { return start + "\n" }
    let column = indent.count + 2 + head.count + 2
    return start + "  " + style.wrapped(link.message, indent: min(column, 40)) + "\n"
  }

  private func sign(_ state: Explanation.Link.State) -> String {
    switch state {
    case .good: style.isPlain ? "ok     " : style.ink("✓", .green)
    case .failed: style.isPlain ? "FAILED " : style.ink("✗", .red)
    case .waiting: style.isPlain ? "waiting" : style.ink("…", .yellow)
    case .note: style.isPlain ? "       " : style.ink("·", .dim)
    }
  }

  private func runtimes(_ explanation: Explanation) -> String {
    guard !explanation.runtimes.isEmpty else { return "" }
    let width = explanation.runtimes.map(\.name.count).max() ?? 0
    var text = "\n" + style.ink("Runtimes", .bold) + "\n"
    for verdict in explanation.runtimes {
      let name = verdict.name + String(repeating: " ", count: width - verdict.name.count)
      let reason = verdict.isChosen ? style.ink("chosen", .green) : style.ink(verdict.reason, .dim)
      text += "  \(name)  \(reason)\n"
    }
    return text
  }
}
