import Testing

@Suite struct StyleTests {
  private static let bannedNames = ["utils", "util", "helpers", "helper", "common", "misc", "constants"]
  private static let swiftFiles = Result { try SourceTree.files(under: "Sources", endings: [".swift"]) }

  @Test func noFileOrFolderIsADrawerForEverything() throws {
    for file in try SourceTree.files(under: "Sources", endings: [".swift", ".c", ".h"]) {
      for part in file.path.lowercased().split(separator: "/") {
        let stem = part.prefix { $0 != "." }
        #expect(!Self.bannedNames.contains(String(stem)), "\(file.path): name the thing")
      }
    }
  }

  /// What ends the process or hides an error. Comments and strings are left out of the search.
  @Test(arguments: [
    (#/\btry!/#, "try!"), (#/\bas!/#, "as!"), (#/\bfatalError\(/#, "fatalError"),
    (#/\bpreconditionFailure\(/#, "preconditionFailure"), (#/[\w\)\]]!(?=[\s\.\),\]:;\[\(]|$)(?!=)/#, "a forced unwrap"),
    (#/\bunowned\(unsafe\)/#, "unowned(unsafe)"),
  ])
  func noSourceCanTrapOnPurpose(pattern: Regex<Substring>, name: String) throws {
    for file in try Self.swiftFiles.get() {
      for (number, line) in file.lines.enumerated() {
        let code = Self.code(String(line))
        #expect(code.firstMatch(of: pattern) == nil, "\(file.path):\(number + 1) has \(name)")
      }
    }
  }

  @Test func uncheckedSendableCarriesAProof() throws {
    for file in try Self.swiftFiles.get() {
      for (number, line) in file.lines.enumerated() {
        let code = Self.code(String(line))
        guard code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)") else { continue }
        let above = file.lines[max(0, number - 4)..<number]
        let isExplained = above.contains { $0.contains("//") } || line.contains("//")
        #expect(isExplained, "\(file.path):\(number + 1) needs a line that says why this is safe")
      }
    }
  }

  @Test func linesAndFilesStayReadable() throws {
    for file in try Self.swiftFiles.get() {
      for (number, line) in file.lines.enumerated() where line.count > 110 {
        Issue.record("\(file.path):\(number + 1) has \(line.count) columns")
      }
      #expect(file.lines.count <= 700, "\(file.path) has \(file.lines.count) lines: is it one idea?")
    }
  }

  @Test func noUnsafeCompilerFlagsAreUsed() throws {
    for path in ["Package.swift", "Makefile"] {
      let text = try SourceTree.text(path)
      #expect(!text.contains("-Ounchecked"))
      #expect(!text.contains("enforce-exclusivity=unchecked"))
    }
  }

  /// The line without its string literals and its comment.
  private static func code(_ line: String) -> String {
    var result = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"")
    if let comment = result.range(of: "//") { result = String(result[..<comment.lowerBound]) }
    return result
  }
}
