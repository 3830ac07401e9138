import Linux

/// A folder of a test's own.
struct TemporaryFolder {
  let path: String

  init() throws {
    let base = ProcessEnvironment.variable("TMPDIR") ?? "/tmp"
    path = "\(base)/apus-sidecar-\(UInt64.random(in: 0...UInt64.max))"
    try Files.createDirectories(path)
  }

  func remove() { try? Files.removeTree(path) }
}
