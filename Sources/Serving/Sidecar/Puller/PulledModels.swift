internal import Linux
internal import ServingAPI

/// The folder of fetched models: `<name>/` for each, and beside them `.pulled/` with what is known of them.
/// Folders that begin with a dot are no models to a server. All verbs block.
struct PulledModels: Sendable {
  let folder: String

  private func path(_ name: String) -> String { "\(folder)/\(name)" }
  private func incoming(_ name: String) -> String { "\(folder)/.incoming/\(name)" }
  private func record(_ name: String) -> String { "\(folder)/.pulled/\(name).json" }

  func has(_ name: String) -> Bool { Files.exists(path(name)) }

  /// What an earlier run of this program fetched and had loaded.
  func recover() -> [String: ModelListEntry] {
    var found: [String: ModelListEntry] = [:]
    for file in (try? Files.list("\(folder)/.pulled")) ?? [] {
      guard let bytes = try? Files.read("\(folder)/.pulled/\(file)", limit: 1 << 16),
        let entries = try? ModelList.decode(String(decoding: bytes, as: UTF8.self))
      else { continue }
      for entry in entries where has(entry.name) { found[entry.name] = entry }
    }
    return found
  }

  /// An empty folder for what is being fetched.
  func prepare(_ name: String) throws -> String {
    try Files.removeTree(incoming(name))
    try Files.createDirectories(incoming(name))
    return incoming(name)
  }

  /// Puts what was fetched in the model's place; the server still has what it loaded before.
  func install(_ entry: ModelListEntry) throws {
    try Files.removeTree(path(entry.name))
    try Files.rename(incoming(entry.name), to: path(entry.name))
  }

  func remember(_ entry: ModelListEntry) throws {
    try Files.createDirectories("\(folder)/.pulled")
    let file = try Files.open(record(entry.name), .write)
    try file.writeAll(Array(ModelList.encode([entry]).utf8))
  }

  func remove(_ name: String) throws {
    try Files.removeTree(record(name))
    try Files.removeTree(path(name))
  }
}
