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
    (#"\btry!"#, "try!"), (#"\bas!"#, "as!"), (#"\bfatalError\("#, "fatalError"),
    (#"\bpreconditionFailure\("#, "preconditionFailure"),
    (#"[\w\)\]]!(?=[\s\.\),\]:;\[\(]|$)(?!=)"#, "a forced unwrap"),
    (#"\bunowned\(unsafe\)"#, "unowned(unsafe)"),
  ])
  func noSourceCanTrapOnPurpose(pattern: String, name: String) throws {
    let regex = try Regex(pattern)
    for file in try Self.swiftFiles.get() {
      for (number, code) in Self.codeLines(file).enumerated() {
        #expect(code.firstMatch(of: regex) == nil, "\(file.path):\(number + 1) has \(name)")
      }
    }
  }

  @Test func uncheckedSendableCarriesAProof() throws {
    for file in try Self.swiftFiles.get() {
      for (number, code) in Self.codeLines(file).enumerated() {
        guard code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)") else { continue }
        let above = file.lines[max(0, number - 4)..<number]
        let isExplained = above.contains { $0.contains("//") } || file.lines[number].contains("//")
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

  /// The file's lines without string literals and comments; lines of multi-line literals are empty.
  private static func codeLines(_ file: SourceTree.File) -> [String] {
    var isInLiteral = false
    return file.lines.map { line in
      let quotes = line.matches(of: #/"""/#).count
      defer { if quotes == 1 { isInLiteral.toggle() } }
      return isInLiteral || quotes > 0 ? "" : code(String(line))
    }
  }

  private static func code(_ line: String) -> String {
    let result = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"")
    return result.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first.map(
      String.init) ?? ""
  }
}
