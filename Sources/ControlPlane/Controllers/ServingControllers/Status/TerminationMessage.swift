internal import Basics
internal import Formats

/// What a container left behind when it ended. Apus's own programs write one JSON sentence,
/// `{"code":"UnsupportedEstimator","message":"…","value":"…"}`; others leave text, or the tail of their log.
struct TerminationMessage: Hashable {
  /// From a closed list; "" for programs that give none.
  var code: String
  /// At most 1,024 characters.
  var text: String
  /// The offending value; "" where the program names none.
  var value = ""
  /// "" for the code's general one.
  var fix = ""
  /// All lines of a text, for whoever looks for more than the last one.
  var lines: [String] = []

  private static let limit = 1024

  /// Nil for an empty message.
  init?(_ raw: String) {
    let lines = raw.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    guard let last = lines.last else { return nil }
    if let sentence = Self.sentence(raw[...]) ?? Self.sentence(last) {
      self = sentence
      return
    }
    code = ""
    // The end of a log says more than its start; a traceback's last line names the error.
    text = lines.count > 5 ? String(last.prefix(Self.limit)) : Self.cut(lines.joined(separator: " "))
    self.lines = lines.suffix(100).map(String.init)
  }

  private init(code: String, text: String) {
    self.code = code
    self.text = text
  }

  private static func sentence(_ text: Substring) -> TerminationMessage? {
    let limits = JSONLimits(depth: 8, bytes: 64 * ByteCount.kibibyte)
    guard text.utf8.first == UInt8(ascii: "{"), let json = try? JSONValue(parsing: text.utf8, limits: limits),
      let message = json["message"]?.string, !message.isEmpty
    else { return nil }
    var sentence = TerminationMessage(code: json["code"]?.string ?? "", text: cut(message))
    sentence.value = cut(json["value"]?.string ?? "")
    sentence.fix = cut(json["fix"]?.string ?? "")
    return sentence
  }

  private static func cut(_ text: String) -> String {
    text.count <= limit ? text : "\(text.prefix(limit - 1))…"
  }
}
