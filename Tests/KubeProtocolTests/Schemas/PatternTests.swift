internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct PatternTests {
  @Test(arguments: [
    ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name-1", true), ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "-x", false),
    ("b+", "aabbcc", true), ("^b+$", "aabb", false), ("a|b|", "zzz", true), ("^(a|bc){2}$", "abc", true),
    ("^(a|bc){2}$", "abcabc", false), ("^a{2,3}$", "aaaa", false), ("^a{2,}$", "aaaa", true),
    ("^a{,2}$", "a{,2}", true), (#"^\d{3}-\w+\.\S$"#, "123-ab_9.x", true), (#"^\d+$"#, "12a", false),
    ("^[^/]+$", "a/b", false), ("^[^/]+$", "ab", true), ("^[[:alpha:]_]+$", "Ab_", true),
    ("^[]a]+$", "]a", true),
    ("^[a-]$", "-", true), ("(?i)^HELLO$", "hello", true), ("^(?i:x)y$", "Xy", true),
    ("^(?i:x)y$", "XY", false),
    (#"\bfoo\b"#, "a foo b", true), (#"\bfoo\b"#, "afoob", false), ("^.$", "é", true), ("^.$", "\n", false),
    ("(?s)^.$", "\n", true), (#"^\x41\x{1F600}$"#, "A😀", true), ("^(?P<year>\\d{4})$", "2026", true),
    ("^$", "", true), ("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", "a.b_c", true), ("x*?y+?", "y", true),
    (#"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"#, "1h30m", true), ("(?m)^b$", "a\nb\nc", true),
    ("^(^a|b$)$", "b", true),
  ])
  func `patterns match as RE2 does`(pattern: String, text: String, expected: Bool) throws {
    #expect(try Pattern(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    "(", ")", "[", "[a", "a**", "*", "a{2}{3}", #"\"#, #"\8"#, "[z-a]", "(?=x)", "(?<=x)", "a{1001}",
    "[[:no:]]",
    #"\p{L}"#, "(?", #"\x{110000}"#, "((a{1000}){1000}){1000}",
  ])
  func `bad and unsupported patterns are refused`(pattern: String) {
    #expect(throws: Pattern.Failure.self) { try Pattern(pattern) }
  }

  @Test func `patterns that make others backtrack take linear time`() throws {
    let text = String(repeating: "a", count: 20_000) + "!"
    #expect(try !Pattern("^(a+)+$").matches(text))
    #expect(try !Pattern("^(a|a)*$").matches(text))
    #expect(try !Pattern("^(a*)*b$").matches(text))
  }

  @Test func `a text that is too long for its pattern is refused`() throws {
    let pattern = try Pattern("([ab]{0,1000}){0,4}c")
    #expect(throws: Pattern.Failure.self) { try pattern.matches(String(repeating: "a", count: 100_000)) }
  }

  @Test func `deep nesting is refused`() {
    let deep = String(repeating: "(", count: 10_000) + String(repeating: ")", count: 10_000)
    #expect(throws: Pattern.Failure.self) { try Pattern(deep) }
  }

  @Test func `damaged patterns give an error or a pattern that can be matched`() {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<5000 {
      let text = generator.damaged(
        #"^(a|[b-d]+){2,3}(?i:x)\d*[[:alpha:]]?$"#, with: #"()[]{}|*+?\^$-,:.0aP<"#)
      if let pattern = try? Pattern(text) { _ = try? pattern.matches("abcdX1z") }
    }
  }
}
