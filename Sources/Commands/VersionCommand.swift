internal import Linux

/// `apus version`.
enum VersionCommand {
  static let verb = Verb.reporting("version", "print the version") { _ in
    StandardStreams.write("apus \(Program.version)\n")
    return 0
  }
}
