internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct JSONPatchTests {
  private func apply(_ patch: String, to document: String) throws -> JSONValue {
    try JSONPatch.apply(try json(patch), to: try json(document))
  }

  private func failure(_ patch: String, on document: String) -> PatchError? {
    do {
      _ = try apply(patch, to: document)
      return nil
    } catch {
      return error as? PatchError
    }
  }

  @Test(arguments: [
    // RFC 6902, appendix A.
    (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
    (
      #"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
      #"{"foo":["bar","qux","baz"]}"#
    ),
    (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
    (#"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
    (
      #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#,
      #"{"baz":"boo","foo":"bar"}"#
    ),
    (
      #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
      #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
      #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
    ),
    (
      #"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
      #"{"foo":["all","cows","eat","grass"]}"#
    ),
    (
      #"{"baz":"qux","foo":["a",2,"c"]}"#,
      #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
      #"{"baz":"qux","foo":["a",2,"c"]}"#
    ),
    (
      #"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
      #"{"foo":"bar","child":{"grandchild":{}}}"#
    ),
    (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
    (
      #"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
      #"{"foo":["bar",["abc","def"]]}"#
    ),
    (#"{"a":1}"#, #"[{"op":"replace","path":"","value":{"b":2}}]"#, #"{"b":2}"#),
    (#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"}]"#, #"{"a":{"b":1},"c":{"b":1}}"#),
    (
      #"{"a":1}"#, #"[{"op":"test","path":"/a","value":1.0},{"op":"test","path":"/x","value":null}]"#,
      #"{"a":1}"#
    ),
  ])
  func `the examples of RFC 6902 give their results`(document: String, patch: String, expected: String) throws
  {
    #expect(try apply(patch, to: document) == json(expected))
  }

  @Test(arguments: [
    (#"[{"op":"remove","path":"/x"}]"#, "operation 0 (remove /x): doc is missing path: /x"),
    (
      #"[{"op":"add","path":"/a","value":1},{"op":"replace","path":"/b/c","value":1}]"#,
      "operation 1 (replace /b/c): doc is missing path: /b/c"
    ),
    (
      #"[{"op":"add","path":"/list/7","value":1}]"#,
      "operation 0 (add /list/7): \"7\" is no index into an array of 2 elements"
    ),
    (
      #"[{"op":"test","path":"/list/0","value":2}]"#,
      "operation 0 (test /list/0): test failed: the value is not the expected one"
    ),
    (
      #"[{"op":"frobnicate","path":"/x"}]"#,
      "operation 0: unknown op \"frobnicate\"; use add, remove, replace, move, copy or test"
    ),
    (
      #"[{"op":"add","path":"x","value":1}]"#,
      "operation 0: \"path\": \"x\" is no JSON pointer; it must look like /spec/replicas"
    ),
    (
      #"[{"op":"move","from":"/list","path":"/list/0"}]"#,
      "operation 0 (move /list/0): a value cannot be moved into itself (from /list)"
    ),
    (#"{"op":"add"}"#, "a JSON patch must be an array of operations, not object"),
    (#"[{"op":"remove","path":"/list/01"}]"#, "operation 0 (remove /list/01): doc is missing path: /list/01"),
  ])
  func `a patch that does not fit names the operation, the path and the cause`(patch: String, message: String)
  {
    #expect(failure(patch, on: #"{"list":[1,2]}"#)?.message == message)
  }

  @Test func `more than ten thousand operations are refused`() throws {
    let operation: JSONValue = ["op": "add", "path": "/a", "value": 1]
    let patch = JSONValue.array(Array(repeating: operation, count: 10_001))
    #expect {
      try JSONPatch.apply(patch, to: [:])
    } throws: { error in
      (error as? PatchError)?.code == .tooLarge
    }
  }

  @Test func `copies that double a value over and over are stopped`() throws {
    let operation: JSONValue = ["op": "copy", "from": "/a", "path": "/a/-"]
    let patch = JSONValue.array(Array(repeating: operation, count: 40))
    #expect {
      try JSONPatch.apply(patch, to: ["a": ["some text"]])
    } throws: { error in
      (error as? PatchError)?.code == .tooLarge
    }
  }

  @Test func `moves cannot nest a document deeper than its reader accepts`() throws {
    var patch: [JSONValue] = []
    for level in 0..<200 {
      patch.append(["op": "add", "path": "/next", "value": ["n": .int(level)]])
      patch.append(["op": "move", "from": "/value", "path": "/next/value"])
      patch.append(["op": "move", "from": "/next", "path": "/value"])
    }
    #expect {
      try JSONPatch.apply(.array(patch), to: ["value": 1])
    } throws: { error in
      (error as? PatchError)?.code == .tooLarge
    }
  }

  @Test func `damaged patches give an error or a result`() throws {
    var generator = SeededGenerator(seed: 6902)
    let patch = #"[{"op":"add","path":"/a/0","value":{"b":[1]}},{"op":"move","from":"/a/0","path":"/c~1d"}]"#
    for _ in 0..<3000 {
      let text = generator.damaged(patch, with: "/~01-\"{}[],:ab")
      guard let parsed = try? json(text) else { continue }
      do {
        _ = try JSONPatch.apply(parsed, to: ["a": [1, 2], "b": ["c": .null]])
      } catch {
        #expect(error.message.isEmpty == false)
      }
    }
  }
}
