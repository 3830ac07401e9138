internal import Basics
@testable internal import ClassicRuntime
internal import ModelRuntime
internal import Testing

@Suite("Names from files in messages")
struct QuotedTextTests {
  @Test("Long names are cut, control characters are escaped")
  func quoting() {
    #expect(String(quoting: "sklearn.svm.SVC") == "sklearn.svm.SVC")
    #expect(String(quoting: "größe") == "größe")
    #expect(String(quoting: "a\n\u{1b}[31m\u{202e}b") == "a\\u{a}\\u{1b}[31m\\u{202e}b")
    #expect(String(quoting: "abcdef", limit: 3) == "abc…")
    #expect(String(quoting: "abc", limit: 3) == "abc")
    // One character to a person, many scalars to a machine.
    let accents = "a" + String(repeating: "\u{301}", count: 10_000)
    #expect(String(quoting: accents).unicodeScalars.count == 201)
    #expect(String(quoting: String(repeating: "\0", count: 1000)).utf8.count < 220)
  }

  private func message(_ bytes: Bytes) -> String? {
    let error = #expect(throws: ModelLoadError.self) {
      _ = try ClassicRuntime().load(bytes: bytes, path: "/m/model.joblib", options: LoadOptions())
    }
    return error?.message
  }

  @Test("A global of half a megabyte makes a short message", arguments: ["", "sklearn."])
  func longGlobals(prefix: String) throws {
    let name = prefix + String(repeating: "a", count: 500_000)
    let text = try #require(message(Bytes("c\(name)\nx\n.".utf8)))
    #expect(text.utf8.count < 700)
    #expect(text.contains("\(prefix)aaaa"))
  }

  @Test("Numbers, types and versions that are none are quoted shortly")
  func otherQuotes() throws {
    let garbage = String(repeating: "9\u{301}", count: 100_000)
    let streams = [
      Bytes("I\(garbage)\n.".utf8), Bytes("F\(garbage)\n.".utf8), Bytes("p\(garbage)\n.".utf8),
      Bytes("cnumpy\ndtype\n(V\(garbage)\ntR.".utf8),
      Bytes("csklearn.svm._classes\nSVC\n)".utf8) + [0x81, 0x7d]
        + Bytes("V_sklearn_version\nV\(garbage)\nsb.".utf8),
    ]
    for stream in streams { #expect(try #require(message(stream)).utf8.count < 400) }
  }
}
