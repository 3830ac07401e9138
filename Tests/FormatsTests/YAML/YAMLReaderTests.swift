internal import Basics
internal import Formats
internal import TestSupport
internal import Testing

@Suite struct YAMLReaderTests {
  @Test func aManifestBecomesTheJSONThatKubectlWouldSend() throws {
    let text = """
      apiVersion: serving.kserve.io/v1beta1
      kind: InferenceService
      metadata:
        name: sklearn-iris   # a comment
      spec:
        predictor:
          minReplicas: 1
          sklearn:
            storageUri: "pvc://samples/models"
            args: [--a, '1', "two"]
      """
    let documents = try YAML.parse(text)
    #expect(documents.count == 1)
    #expect(documents[0].at("spec", "predictor", "sklearn", "storageUri")?.string == "pvc://samples/models")
    #expect(documents[0].at("spec", "predictor", "minReplicas")?.int == 1)
    #expect(documents[0].at("spec", "predictor", "sklearn", "args") == ["--a", "1", "two"])
  }

  @Test func severalDocumentsComeInOrderAndEmptyOnesAreLeftOut() throws {
    #expect(try YAML.parse("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n") == [["a": 1], ["b": 2]])
    #expect(try YAML.parse("") == [])
  }

  @Test(arguments: [
    ("yes", JSONValue.bool(true)), ("off", .bool(false)), ("~", .null), ("0x1F", .int(31)),
    ("0o17", .int(15)),
    ("017", .int(15)), ("1_000", .int(1000)), ("+7", .int(7)),
    ("-0", .number(JSONNumber(uncheckedText: "-0"))),
    ("1e400", .number(JSONNumber(uncheckedText: "1e400"))),
    ("1.0", .number(JSONNumber(uncheckedText: "1.0"))),
    ("123456789012345678901234567890", .number(JSONNumber(uncheckedText: "123456789012345678901234567890"))),
    ("1.2.3", .string("1.2.3")), ("2026-11-21", .string("2026-11-21")), ("'yes'", .string("yes")),
    ("\"1\"", .string("1")), ("!!str 5", .string("5")), ("!!int '5'", .int(5)), ("- ", .array([.null])),
    ("100m", .string("100m")), ("-", .array([.null])), (".5", .number(JSONNumber(uncheckedText: "0.5"))),
  ])
  func scalarsResolveAsInYAML11(text: String, expected: JSONValue) throws {
    #expect(
      try YAML.parse("v: \(text.hasPrefix("-") && text.count < 3 && text != "-0" ? "\n  \(text)" : text)")[0][
        "v"] == expected)
  }

  @Test func anchorsAliasesAndMergeKeysAreExpanded() throws {
    let text = """
      base: &base {a: 1, b: 2}
      merged:
        <<: *base
        b: 3
      again: *base
      list: [*base, *base]
      """
    let value = try YAML.parse(text)[0]
    #expect(value["merged"] == ["b": 3, "a": 1])
    #expect(value["again"] == ["a": 1, "b": 2])
    #expect(value["list"] == [["a": 1, "b": 2], ["a": 1, "b": 2]])
  }

  @Test func anAliasBombIsRefusedBeforeItExpands() {
    var text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for (previous, name) in zip("abcdefgh", "bcdefghi") {
      text +=
        "\(name): &\(name) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ", ") + "]\n"
    }
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect(error?.code == .tooLarge)
  }

  @Test func deepNestingIsRefused() {
    let error = #expect(throws: YAMLError.self) { try YAML.parse(String(repeating: "[", count: 100_000)) }
    #expect(error?.code == .tooDeep)
  }

  @Test func repeatedKeysAreNamedWithTheirPath() throws {
    var duplicates: [String] = []
    let value = try YAML.parse(Bytes("a:\n  b: 1\n  b: 2\n".utf8), duplicateKeys: &duplicates)
    #expect(duplicates == ["a.b"])
    #expect(value[0].at("a", "b") == 2)
  }

  @Test(arguments: [
    "a: b: c", "a: [1, 2", "a: *nowhere", "\ta: 1", "a: 'x", "? [1]\n: 2", "a: .inf", "<<: 5",
  ])
  func mistakesAreErrorsWithAPosition(text: String) {
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect((error?.line ?? 0) >= 1)
  }

  @Test func garbageAndTruncationNeverCrash() throws {
    let sample = Bytes("a: &x [1, {b: 'c'}]\nd: *x\ne: |\n  text\n---\n!!int 7\n".utf8)
    var generator = SeededGenerator(seed: 7)
    for length in 0...sample.count { _ = try? YAML.parse(Array(sample[..<length])) }
    for _ in 0..<3000 {
      var copy = sample
      for _ in 0..<3 {
        copy[Int(generator.next() % UInt64(copy.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      _ = try? YAML.parse(copy)
    }
  }

  @Test func whatIsWrittenIsReadBackTheSame() throws {
    let value: JSONValue = [
      "plain": "text", "empty": "", "number-like": "1e3", "bool-like": "yes", "null": .null,
      "block": "a\nb\n",
      "blockKeep": "a\n\n", "spaces": " x ", "colon": "a: b",
      "list": [1, ["x": [["y": []], [:]]], [[1, 2], []]],
      "nested": ["deep": ["er": "- dash"]], "date": "2026-11-21", "unicode": "grün \u{2028} \u{7}",
      "hash": "a #b",
    ]
    #expect(try YAML.parse(YAML.text(value)) == [value])
  }
}
