import Foundation

/// The repository as the tidy tests see it.
struct SourceTree {
  struct File {
    /// Relative to the repository's root.
    let path: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var name: String { String(path.split(separator: "/").last ?? "") }
  }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every file below `folder` that git would know, with one of the endings.
  static func files(under folder: String, endings: [String]) throws -> [File] {
    let base = root.appendingPathComponent(folder)
    guard let walker = FileManager.default.enumerator(atPath: base.path) else { return [] }
    var files: [File] = []
    for case let relative as String in walker {
      guard endings.contains(where: relative.hasSuffix), !relative.contains("generated/") else { continue }
      let text = try String(contentsOf: base.appendingPathComponent(relative), encoding: .utf8)
      files.append(File(path: "\(folder)/\(relative)", text: text))
    }
    return files.sorted { $0.path < $1.path }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}

/// The rows of the manifest: which target lies where and may import what.
struct Manifest {
  struct Row {
    let name: String
    let path: String
    let dependencies: Set<String>
  }

  let rows: [Row]

  init() throws {
    let text = try SourceTree.text("Package.swift")
    let pattern = /Row\(\s*name: "([^"]+)", folder: "([^"]*)",\s*dependencies: \[([^\]]*)\]/
    rows = text.matches(of: pattern).map { match in
      let folder = match.2.isEmpty ? "Sources" : "Sources/\(match.2)"
      let names = match.3.matches(of: /"([^"]+)"/).map { String($0.1) }
      return Row(name: String(match.1), path: "\(folder)/\(match.1)", dependencies: Set(names))
    }
  }

  /// Below → above: the order of DESIGN's layers; a dependency must not point up.
  static let layers = [
    "Sources/Foundations", "Sources/Protocols", "Sources/Transport", "Sources/Serving",
    "Sources/ControlPlane",
    "Sources/Commands",
  ]

  func row(ofFile path: String) -> Row? { rows.first { path.hasPrefix($0.path + "/") } }
  func layer(of row: Row) -> Int? { Self.layers.firstIndex { (row.path + "/").hasPrefix($0 + "/") } }
}
