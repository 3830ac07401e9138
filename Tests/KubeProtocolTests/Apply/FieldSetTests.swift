internal import Formats
internal import KubeProtocol
internal import Testing

@Suite struct FieldSetTests {
  @Test func fieldsV1IsReadAndWrittenUnchanged() throws {
    let text = #"""
      {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}},"f:finalizers":{"v:\"a\"":{}},"f:list":{"i:3":{}}}}
      """#
    let json = try JSONValue(parsing: text)
    let set = try #require(FieldSet(fieldsV1: json))
    #expect(set.paths.count == 7)
    #expect(set.fieldsV1 == json)
  }

  @Test(arguments: [
    #"[]"#, #"{"x":{}}"#, #"{"f:a":1}"#, #"{"k:nonsense":{}}"#, #"{"v:{":{}}"#, #"{"i:-1":{}}"#,
    #"{"k:{}":{}}"#,
    #"{"f:a":{"f:b":null}}"#,
  ])
  func malformedFieldsAreRefused(text: String) throws {
    #expect(FieldSet(fieldsV1: try JSONValue(parsing: text)) == nil)
  }

  @Test func bottomlessFieldsAreRefused() throws {
    let text = String(repeating: #"{"f:a":"#, count: 100) + "{}" + String(repeating: "}", count: 100)
    #expect(FieldSet(fieldsV1: try JSONValue(parsing: text)) == nil)
  }

  @Test func setsAreUnitedCutAndSubtracted() throws {
    func set(_ text: String) throws -> FieldSet {
      try #require(FieldSet(fieldsV1: try JSONValue(parsing: text)))
    }
    let left = try set(#"{"f:a":{".":{},"f:b":{}},"f:c":{}}"#)
    let right = try set(#"{"f:a":{"f:b":{},"f:d":{}}}"#)
    #expect(left.union(right) == (try set(#"{"f:a":{".":{},"f:b":{},"f:d":{}},"f:c":{}}"#)))
    #expect(left.intersection(right) == (try set(#"{"f:a":{"f:b":{}}}"#)))
    #expect(left.subtracting(right) == (try set(#"{"f:a":{},"f:c":{}}"#)))
    #expect(right.subtracting(left) == (try set(#"{"f:a":{"f:d":{}}}"#)))
    #expect(left.subtracting(left).isEmpty)
    #expect(left.contains([.field("a"), .field("b")]))
    #expect(!left.contains([.field("a"), .field("d")]))
  }
}
