internal import Basics
internal import Formats
internal import Linux

/// How a program of Apus tells why it ends: one JSON sentence where the node agent or kubelet picks it up.
public enum TerminationLog {
  /// `$APUS_TERMINATION_LOG`, else Kubernetes' default path.
  public static var path: String {
    ProcessEnvironment.variable("APUS_TERMINATION_LOG") ?? "/dev/termination-log"
  }

  /// Writes `{"code": …, "message": …}` to the log, where there is one, and the sentence to standard error.
  /// - Parameters:
  ///   - code: from the closed list in `docs/failure-codes.md`.
  ///   - message: one sentence: object, cause, fix.
  ///   - value: what is at fault, for machines: a path, a name, a port; "" where there is none.
  public static func write(code: String, message: String, value: String = "") {
    var sentence: JSONValue = ["code": .string(code), "message": .string(message)]
    if !value.isEmpty { sentence["value"] = .string(value) }
    StandardStreams.writeError("apus: \(message)\n")
    // Outside a pod nobody made the file, and a stand-alone program must not leave one in /dev.
    guard Files.exists(path) || ProcessEnvironment.variable("APUS_TERMINATION_LOG") != nil else { return }
    do {
      let file = try Files.open(path, .write)
      try file.writeAll(sentence.encoded())
    } catch {
      StandardStreams.writeError("apus: the termination log cannot be written: \(error)\n")
    }
  }
}
