internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct JSONPathTests {
  private static let document = """
    {"metadata":{"name":"iris","annotations":{"a.b/c":"x"}},
     "spec":{"replicas":3,"formats":[{"name":"sklearn","version":"1","auto":true},{"name":"onnx","priority":2}]},
     "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]}}
    """

  @Test(arguments: [
    (".status.conditions[?(@.type=='Ready')].status", #"["True"]"#),
    (#".status.conditions[?(@.type=="Ready")].status"#, #"["True"]"#),
    (".status.conditions[?(@.type!='Ready')].type", #"["Other"]"#),
    ("{.metadata.name}", #"["iris"]"#), ("metadata.name", #"["iris"]"#), ("$.metadata.name", #"["iris"]"#),
    (".spec.formats[*].name", #"["sklearn","onnx"]"#), (".spec.formats[0].name", #"["sklearn"]"#),
    (".spec.formats[-1].name", #"["onnx"]"#), (".spec.formats[0:1].name", #"["sklearn"]"#),
    (".spec.formats[::2].name", #"["sklearn"]"#), (".spec.formats[5].name", "[]"),
    (".metadata.annotations['a.b/c']", #"["x"]"#), (#".metadata.annotations.a\.b/c"#, #"["x"]"#),
    (".spec.formats[?(@.auto==true)].name", #"["sklearn"]"#),
    (".spec.formats[?(@.priority)].name", #"["onnx"]"#),
    (".spec.formats[?(@.priority>1)].name", #"["onnx"]"#), (".spec.formats[?(@.priority<=1)].name", "[]"),
    (".spec.formats[?(@.version>='0')].name", #"["sklearn"]"#), ("..name", #"["iris","sklearn","onnx"]"#),
    (".spec['replicas','missing']", "[3]"), (".missing.deeper", "[]"), (".spec.replicas.deeper", "[]"),
    (".metadata.*", #"["iris",{"a.b/c":"x"}]"#),
    (
      ".spec.formats[?( $.spec.replicas == 3 )].name",
      #"["sklearn","onnx"]"#
    ),
  ])
  func `paths lead where kubectl's lead`(path: String, expected: String) throws {
    let values = try JSONPath(path).values(in: try json(Self.document))
    #expect(JSONValue.array(values) == (try json(expected)))
  }

  @Test func `the first value is what a column shows`() throws {
    let document = try json(Self.document)
    #expect(try JSONPath(".spec.formats[*].name").firstValue(in: document) == "sklearn")
    #expect(try JSONPath(".spec.nothing").firstValue(in: document) == nil)
    #expect(try JSONPath(".").firstValue(in: document) == document)
  }

  @Test(arguments: [
    ".a[", ".a[?(@.b=='x')", ".a[?(@.b=='x]", ".a[?(@.b ~ 1)]", ".a..", ".a[b]", ".a[1", "a b", ".a[::0]",
    ".a[99999999999]", ".a[?(@.b==unquoted)]", "!", ".a[?(@.a[?(@.a[?(@.a[?(@.a[?(@.a)])])])])]",
  ])
  func `a bad path is refused with a reason`(path: String) {
    #expect {
      try JSONPath(path)
    } throws: { error in
      error is JSONPathError && !"\(error)".isEmpty
    }
  }

  @Test func `too long a path and too many steps are refused`() {
    #expect(throws: JSONPathError.self) { try JSONPath(String(repeating: ".a", count: 65)) }
    #expect(throws: JSONPathError.self) { try JSONPath("." + String(repeating: "a", count: 5000)) }
  }

  @Test func `a path that multiplies its results stays bounded`() throws {
    let wide = JSONValue.array(Array(repeating: .array(Array(repeating: 1, count: 100)), count: 2000))
    #expect(try JSONPath("[*][*]").values(in: wide).count <= 10_000)
    let path = try JSONPath("..*..*..*..a")
    #expect(path.values(in: wide).isEmpty)
  }

  @Test func `damaged paths give an error or a path that can be evaluated`() throws {
    var generator = SeededGenerator(seed: 5)
    let document = try json(Self.document)
    for _ in 0..<5000 {
      let text = generator.damaged(
        ".status.conditions[?(@.type=='Ready')].status[0:-1:2]['a',\"b\"]..x",
        with: ".[]()'\"?@$*:,-01<>=!\\ ")
      if let path = try? JSONPath(text) { _ = path.values(in: document) }
    }
  }
}
