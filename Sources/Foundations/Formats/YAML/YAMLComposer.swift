/// Builds JSON values from parser events: anchors, aliases, merge keys, bounded depth and node count.
struct YAMLComposer: ~Copyable {
  private var events: YAMLEventSource
  private let limits: YAMLLimits
  private var anchors: [String: (value: JSONValue, nodes: Int)] = [:]
  private var nodes = 0
  private var path: [String] = []
  private(set) var duplicateKeys: [String] = []

  init(events: consuming YAMLEventSource, limits: YAMLLimits) {
    self.events = events
    self.limits = limits
  }

  mutating func documents() throws(YAMLError) -> [JSONValue] {
    var documents: [JSONValue] = []
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return documents
      case .documentStart:
        anchors = [:]
        let value = try value(try events.next(), depth: 0)
        if value != .null { documents.append(value) }
      default: continue
      }
    }
  }

  private mutating func value(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> JSONValue {
    let nodesBefore = nodes
    try count(1, event)
    let result: JSONValue
    switch event.kind {
    case .alias(let name):
      guard let anchored = anchors[name] else {
        throw error(.unknownAlias, "the alias *\(name)' has no anchor before it", event)
      }
      try count(anchored.nodes, event)
      return anchored.value
    case .scalar(let text, let isPlain):
      result = try scalar(text, isPlain: isPlain, event)
    case .sequenceStart: result = try sequence(event, depth: depth + 1)
    case .mappingStart: result = try mapping(event, depth: depth + 1)
    default: throw error(.syntax, "a value is missing", event)
    }
    if let anchor = event.anchor { anchors[anchor] = (result, nodes - nodesBefore) }
    return result
  }

  private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> JSONValue {
    try check(depth, start)
    var elements: [JSONValue] = []
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind { return .array(elements) }
      path.append("[\(elements.count)]")
      elements.append(try value(event, depth: depth))
      path.removeLast()
    }
  }

  private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> JSONValue {
    try check(depth, start)
    var members = JSONObject()
    var merged: [JSONObject] = []
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { break }
      if case .scalar("<<", isPlain: true) = event.kind, event.tag == nil {
        merged += try mergeSources(try events.next(), depth: depth)
        continue
      }
      let key = try key(try value(event, depth: depth), event)
      path.append(key)
      let member = try value(try events.next(), depth: depth)
      if members.contains(key), duplicateKeys.count < 100 {
        duplicateKeys.append(path.joined(separator: "."))
      }
      members[key] = member
      path.removeLast()
    }
    for source in merged {
      for member in source.members where !members.contains(member.key) { members[member.key] = member.value }
    }
    return .object(members)
  }

  /// The mappings behind `<<`: one, or a sequence of them, the first of which wins.
  private mutating func mergeSources(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> [JSONObject] {
    switch try value(event, depth: depth) {
    case .object(let object): return [object]
    case .array(let elements):
      var objects: [JSONObject] = []
      for element in elements {
        guard let object = element.object else {
          throw error(.badMerge, "'<<' takes a mapping or a list of mappings", event)
        }
        objects.append(object)
      }
      return objects
    default: throw error(.badMerge, "'<<' takes a mapping or a list of mappings", event)
    }
  }

  private func key(_ value: JSONValue, _ event: YAMLEvent) throws(YAMLError) -> String {
    switch value {
    case .string(let text): return text
    case .number(let number): return number.text
    case .bool(let flag): return flag ? "true" : "false"
    case .null: return "null"
    case .array, .object: throw error(.badKey, "a key must be a scalar", event)
    }
  }

  private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(YAMLError) -> JSONValue {
    switch YAMLScalar.resolve(text, isPlain: isPlain, tag: event.tag) {
    case .success(let value): return value
    case .failure(let problem): throw error(.badScalar, problem.message, event)
    }
  }

  private mutating func count(_ more: Int, _ event: YAMLEvent) throws(YAMLError) {
    nodes += more
    if nodes > limits.nodes {
      throw error(.tooLarge, "more than \(limits.nodes) values, aliases expanded", event)
    }
  }

  private func check(_ depth: Int, _ event: YAMLEvent) throws(YAMLError) {
    if depth > limits.depth { throw error(.tooDeep, "nested deeper than \(limits.depth) levels", event) }
  }

  private func error(_ code: YAMLError.Code, _ message: String, _ event: YAMLEvent) -> YAMLError {
    YAMLError(code: code, message: message, line: event.line, column: event.column)
  }
}
