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
    (#"\btry!"#, "try!", "try!"), (#"\bas!"#, "as!", "as!"),
    (#"\bfatalError\("#, "fatalError", "fatalError("),
    (#"\bpreconditionFailure\("#, "preconditionFailure", "preconditionFailure("),
    (#"[\w\)\]]!(?=[\s\.\),\]:;\[\(]|$)(?!=)"#, "a forced unwrap", "!"),
    (#"\bunowned\(unsafe\)"#, "unowned(unsafe)", "unowned(unsafe)"),
  ])
  func noSourceCanTrapOnPurpose(pattern: String, name: String, part: String) throws {
    let regex = try Regex(pattern)
    for file in try Self.swiftFiles.get() {
      for (number, code) in Self.codeLines(file, with: part) {
        #expect(code.firstMatch(of: regex) == nil, "\(file.path):\(number + 1) has \(name)")
      }
    }
  }

  @Test func uncheckedSendableCarriesAProof() throws {
    for file in try Self.swiftFiles.get() {
      let unchecked = ["@unchecked Sendable", "nonisolated(unsafe)"]
      for (number, _) in unchecked.flatMap({ Self.codeLines(file, with: $0) }) {
        let above = file.lines[max(0, number - 4)..<number]
        let isExplained = above.contains { $0.contains("//") } || file.lines[number].contains("//")
        #expect(isExplained, "\(file.path):\(number + 1) needs a line that says why this is safe")
      }
    }
  }

  @Test func linesAndFilesStayReadable() throws {
    for file in try Self.swiftFiles.get() {
      for (number, line) in file.lines.enumerated() where line.utf8.count > 110 && line.count > 110 {
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

  /// The file's lines that hold `part`, without string literals and comments, and their numbers from 0. Most
  /// lines are looked at no closer: other tests share the processor.
  private static func codeLines(
    _ file: SourceTree.File, with part: String
  ) -> [(number: Int, code: String)] {
    var isInLiteral = false
    var found: [(number: Int, code: String)] = []
    for (number, line) in file.lines.enumerated() {
      let quotes = line.contains("\"\"\"") ? line.matches(of: #/"""/#).count : 0
      if !isInLiteral, quotes == 0, line.contains(part) {
        let code = code(String(line))
        if code.contains(part) { found.append((number, code)) }
      }
      if quotes == 1 { isInLiteral.toggle() }
    }
    return found
  }

  private static func code(_ line: String) -> String {
    let result = line.replacing(#/"(?:\\.|[^"\\])*"/#, with: "\"\"")
    return result.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first.map(
      String.init) ?? ""
  }
}
