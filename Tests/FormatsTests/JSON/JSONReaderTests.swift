internal import Basics
internal import Formats
internal import TestSupport
internal import Testing

@Suite struct JSONReaderTests {
  @Test(arguments: [
    "null", "true", "[]", "{}", "[1,2.50,-0,1e400,123456789012345678901234567890]",
    #"{"b":1,"a":[{"x":null}],"":"empty key"}"#, #""tab\tquote\"slash\\unicode é""#,
  ])
  func whatIsReadIsWrittenByteForByte(text: String) throws {
    #expect(try JSONValue(parsing: text).encodedText == text)
  }

  @Test func escapesAreResolved() throws {
    #expect(try JSONValue(parsing: #""\u0041\/\ud83d\ude00\ud800x""#) == .string("A/😀\u{FFFD}x"))
  }

  @Test(arguments: [
    "", "nul", "tru e", "01", "1.", ".5", "+1", "1e", "-", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}",
    "{\"a\":1,}",
    "\"\u{1}\"", "\"open", "\"\\x\"", "\"\\u12\"", "[", "{", "1 2", "]", "'a'", "NaN", "Infinity",
    "\u{FEFF}1",
  ])
  func whatIsNoJSONIsRefused(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test func invalidUTF8InAStringIsRefused() {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22] as Bytes) }
    #expect(error?.code == .badUTF8)
  }

  @Test func depthAndSizeAreLimited() {
    let deep = #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "[", count: 1_000_000))
    }
    #expect(deep?.code == .tooDeep)
    let large = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(depth: 8, bytes: 5))
    }
    #expect(large?.code == .tooLarge)
  }

  @Test func ofARepeatedKeyTheLastValueCountsAndThePathIsNamed() throws {
    var duplicates: [String] = []
    let text = #"{"spec":{"a":1,"a":2}}"#
    let value = try JSONValue.parse(text.utf8, duplicateKeys: &duplicates)
    #expect(value.at("spec", "a") == 2)
    #expect(duplicates == ["spec.a"])
  }

  @Test func largeObjectsAreReadInLinearTimeAndFoundByKey() throws {
    let text = "{" + (0..<20_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
    var value = try JSONValue(parsing: text)
    #expect(value["k19999"] == 19_999)
    value["k5"] = nil
    #expect(value["k5"] == nil)
    #expect(value["k6"] == 6)
  }

  @Test func garbageAndTruncationNeverCrash() {
    let sample = Bytes(#"{"a":[1,-2.5e3,true,null,"x\u00e9\n"],"b":{"c":[[],{}]}}"#.utf8)
    var generator = SeededGenerator(seed: 11)
    for length in 0...sample.count { _ = try? JSONValue(parsing: sample[..<length]) }
    for _ in 0..<5000 {
      var copy = sample
      for _ in 0..<3 {
        copy[Int(generator.next() % UInt64(copy.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      _ = try? JSONValue(parsing: copy)
      copy.withUnsafeBytes { buffer in
        var scanner = JSONScanner(buffer)
        _ = try? scanner.skipValue(depth: 16)
      }
    }
  }

  @Test func settingAPathMakesAndRemovesMembers() {
    var value: JSONValue = [:]
    value.set("x", at: "a", "b", "c")
    #expect(value == ["a": ["b": ["c": "x"]]])
    value.set(nil, at: "a", "b", "c")
    #expect(value == ["a": ["b": [:]]])
    value.set(nil, at: "no", "such")
    #expect(value == ["a": ["b": [:]]])
  }
}
