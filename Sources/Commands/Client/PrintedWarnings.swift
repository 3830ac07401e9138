internal import KubeClient
internal import Linux
internal import Synchronization

/// Prints what the API has to say beside its answers, each sentence once, as kubectl does.
final class PrintedWarnings: KubeTransport {
  private let inner: any KubeTransport
  private let write: @Sendable (String) -> Void
  private let printed = Mutex<Set<String>>([])

  init(
    _ inner: any KubeTransport,
    write: @escaping @Sendable (String) -> Void = { StandardStreams.writeError($0) }
  ) {
    self.inner = inner
    self.write = write
  }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    let response = try await inner.send(request)
    for warning in response.warnings where printed.withLock({ $0.insert(warning).inserted }) {
      write("Warning: \(Self.text(warning))\n")
    }
    return response
  }

  /// The sentence of `299 - "…"` (RFC 7234, section 5.5), without control characters.
  static func text(_ warning: String) -> String {
    var text = warning
    if let opening = warning.firstIndex(of: "\""), warning.last == "\"",
      opening < warning.index(before: warning.endIndex)
    {
      text = ""
      var isEscaped = false
      for character in warning[warning.index(after: opening)...].dropLast() {
        if character == "\\" && !isEscaped {
          isEscaped = true
        } else {
          text.append(character)
          isEscaped = false
        }
      }
    }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
  }
}
