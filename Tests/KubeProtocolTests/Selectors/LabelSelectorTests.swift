internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct LabelSelectorTests {
  private static let labels = ["app": "web", "tier": "front", "env": "dev", "rank": "7", "empty": ""]

  @Test(arguments: [
    ("", true), ("app=web", true), ("app==web", true), ("app=db", false), ("app!=db", true),
    ("app!=web", false),
    ("missing!=x", true), ("env in (dev,test)", true), ("env in (prod)", false), ("env notin (prod)", true),
    ("missing notin (a)", true), ("missing in (a)", false), ("app", true), ("!app", false),
    ("!missing", true),
    ("rank>5", true), ("rank<5", false), ("app=web,tier=front , env in ( dev )", true), ("empty=", true),
    ("app=", false), ("empty in ()", true), ("in in (in)", false), ("app=web,!rank", false),
    ("example.com/name!=x", true),
  ])
  func `a query selects what Kubernetes selects`(query: String, expected: Bool) throws {
    #expect(try LabelSelector(query: query).matches(Self.labels) == expected)
  }

  @Test(arguments: [
    ("a=b=c", "found '=', expected: ',' or 'end of string'"),
    ("a=b,", "found '', expected: identifier after ','"),
    ("=b", "found '=', expected: !, identifier, or 'end of string'"),
    ("a in b", "unable to parse requirement: found 'b' expected: '('"),
    ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
    (
      "a>b",
      "unable to parse requirement: values: Invalid value: for 'Gt', 'Lt' operators, the value must be an integer"
    ),
    ("!=a", "found '!=', expected: !, identifier, or 'end of string'"),
    ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
  ])
  func `a bad query is explained in Kubernetes' words`(query: String, message: String) {
    #expect(throws: SelectorError(message)) { try LabelSelector(query: query) }
  }

  @Test func `keys and values are checked`() {
    #expect {
      try LabelSelector(query: "a_=b")
    } throws: { error in
      "\(error)".hasPrefix(
        "unable to parse requirement: key: Invalid value: \"a_\": name part must consist of")
    }
    #expect {
      try LabelSelector(query: "a=b_")
    } throws: { error in
      "\(error)".hasPrefix(
        "unable to parse requirement: values[0][a]: Invalid value: \"b_\": a valid label must")
    }
    let long = String(repeating: "x", count: 64)
    #expect {
      try LabelSelector(query: "a=\(long)")
    } throws: { error in
      "\(error)".hasSuffix("must be no more than 63 characters")
    }
  }

  @Test func `the JSON form means the same`() throws {
    let selector = try LabelSelector(
      json: json(
        """
        {"matchLabels":{"app":"web"},"matchExpressions":[
          {"key":"env","operator":"In","values":["test","dev"]},{"key":"gpu","operator":"DoesNotExist"},
          {"key":"tier","operator":"Exists"},{"key":"zone","operator":"NotIn","values":["a"]}]}
        """))
    #expect(selector.matches(Self.labels))
    #expect(selector.query == "app=web,env in (dev,test),!gpu,tier,zone notin (a)")
    #expect(try LabelSelector(query: selector.query).matches(Self.labels))
    #expect(try LabelSelector(json: [:]).matches([:]))
    #expect(throws: SelectorError("\"Is\" is not a valid label selector operator")) {
      try LabelSelector(json: ["matchExpressions": [["key": "a", "operator": "Is"]]])
    }
  }

  @Test func `an object's labels are matched in place`() throws {
    let object = KubeObject(json: ["metadata": ["labels": ["app": "web"]]])
    #expect(try LabelSelector(query: "app=web").matches(object))
    #expect(try !LabelSelector(query: "app=db").matches(object))
    #expect(try LabelSelector(query: "!app").matches(KubeObject(json: [:])))
  }

  @Test func `damaged queries give an error or a selector whose text can be read again`() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<5000 {
      let text = generator.damaged(
        "app=web,tier!=db,env in (dev,test),z notin (a),g>3,!s", with: "=!(),<> in\u{e9}")
      guard let selector = try? LabelSelector(query: text) else { continue }
      #expect(throws: Never.self) { try LabelSelector(query: selector.query) }
    }
  }
}

@Suite struct FieldSelectorTests {
  @Test(arguments: [
    ("metadata.name=web", true), ("metadata.name==web", true), ("metadata.name!=web", false),
    ("metadata.name=web,spec.nodeName!=b", true), ("spec.nodeName=", false), ("status.phase=", true),
    ("", true),
    (#"spec.text=a\,b\=c"#, true),
  ])
  func `fields are compared as text`(query: String, expected: Bool) throws {
    let fields = ["metadata.name": "web", "spec.nodeName": "a", "spec.text": "a,b=c"]
    #expect(try FieldSelector(query: query).matches { fields[$0] ?? "" } == expected)
  }

  @Test func `a term without an operator is refused`() {
    #expect(throws: SelectorError("invalid selector: 'a=b,c'; can't understand 'c'")) {
      try FieldSelector(query: "a=b,c")
    }
  }

  @Test func `the demanded value of a field is known`() throws {
    let selector = try FieldSelector(query: "metadata.name=web,metadata.namespace!=x")
    #expect(selector.requiredValue(of: "metadata.name") == "web")
    #expect(selector.requiredValue(of: "metadata.namespace") == nil)
  }

  @Test func `damaged queries give an error or a selector`() {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<3000 {
      let text = generator.damaged(#"metadata.name=web,spec.nodeName!=b,x==a\,b"#, with: "=!,\\.")
      _ = try? FieldSelector(query: text)
    }
  }
}
