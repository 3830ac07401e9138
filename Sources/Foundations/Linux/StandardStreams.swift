internal import Glibc

/// Standard output and error, unbuffered: one write call per text, so that lines of several threads do not
/// mix.
public enum StandardStreams {
  public static func write(_ text: String) { write(text, to: STDOUT_FILENO) }
  public static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  public static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  private static func write(_ text: String, to descriptor: Int32) {
    var copy = text
    copy.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        // A closed pipe or a full disk behind the stream: there is nowhere left to say so.
        guard count > 0 || errno == EINTR else { return }
        if count > 0 { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
      }
    }
  }
}
