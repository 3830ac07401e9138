internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct MergePatchTests {
  @Test(arguments: [
    // RFC 7396, appendix A.
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
    (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, #"null"#, #"null"#),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ])
  func `the examples of RFC 7396 give their results`(document: String, patch: String, expected: String) throws
  {
    #expect(MergePatch.merged(try json(patch), into: try json(document)) == (try json(expected)))
  }

  @Test func `the API takes objects only`() {
    #expect(throws: PatchError(.malformed, "a merge patch must be an object, not array")) {
      try MergePatch.apply([1], to: [:])
    }
  }

  @Test func `the difference of two documents leads from one to the other`() throws {
    var generator = SeededGenerator(seed: 7396)
    for _ in 0..<500 {
      let old = Self.withoutNulls(generator.value(depth: 4, keys: ["a", "b", "c"]))
      let new = Self.withoutNulls(generator.value(depth: 4, keys: ["a", "b", "c"]))
      guard old.object != nil, new.object != nil else { continue }
      let patch = MergePatch.difference(from: old, to: new)
      #expect(try MergePatch.apply(patch, to: old) == new)
      #expect(MergePatch.difference(from: new, to: new) == [:])
    }
  }

  private static func withoutNulls(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object):
      .object(JSONObject(object.members.filter { !$0.value.isNull }.map { ($0.key, withoutNulls($0.value)) }))
    default: value
    }
  }
}
