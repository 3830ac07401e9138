internal import ServingAPI

/// What the agent of a multi-model pod said last of one model: it writes a line for each that it could not
/// have loaded, and tries again; pure.
struct AgentReport: Hashable {
  var code: FailureCode
  var text: String

  /// Nil where nothing is known to have failed.
  init?(of model: String, in lines: [String]) {
    var found: AgentReport?
    for line in lines {
      guard let start = line.firstRange(of: " puller model ") else { continue }
      let said = line[start.upperBound...]
      if said == "loaded model=\(model)" || said == "unloaded model=\(model)" {
        found = nil
      } else if let failure = AgentReport(said, model: model) {
        found = failure
      }
    }
    guard let found else { return nil }
    self = found
  }

  /// `not served model=NAME code=CODE cause="…" next try="…"`, whose end may be cut off.
  private init?(_ said: Substring, model: String) {
    let head = "not served model=\(model) code="
    guard said.hasPrefix(head), let mark = said.firstRange(of: " cause=") else { return nil }
    let afterHead = said.index(said.startIndex, offsetBy: head.count)
    guard afterHead <= mark.lowerBound else { return nil }
    code = FailureCode(rawValue: String(said[afterHead..<mark.lowerBound])) ?? .unreadable
    var cause = said[mark.upperBound...]
    if let end = cause.ranges(of: " next try=").last { cause = cause[..<end.lowerBound] }
    if cause.first == "\"" { cause.removeFirst() }
    if cause.last == "\"" { cause.removeLast() }
    text = String(cause)
  }
}
