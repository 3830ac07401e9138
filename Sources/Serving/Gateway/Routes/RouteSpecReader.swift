internal import Basics
internal import Formats
internal import KubeProtocol

/// Reads HTTPRoute objects. What cannot be done is noted in the spec's `problem`, never thrown: one bad route
/// must not hide the others.
struct RouteSpecReader {
  private var problem: String?

  static func read(_ object: KubeObject) -> RouteSpec {
    var reader = RouteSpecReader()
    let rules = object.spec?["rules"]?.array ?? [[:]]
    let ruleSpecs = rules.map { reader.rule($0, namespace: object.namespace) }
    return RouteSpec(
      key: object.key, uid: object.uid, resourceVersion: object.resourceVersion,
      generation: object.generation,
      created: object.creationTimestamp ?? Timestamp(seconds: 0),
      parents: (object.spec?["parentRefs"]?.array ?? []).map { parent($0, namespace: object.namespace) },
      hostnames: (object.spec?["hostnames"]?.array ?? []).compactMap { $0.string.map(HostPattern.init) },
      rules: ruleSpecs, problem: reader.problem)
  }

  private static func parent(_ json: JSONValue, namespace: String) -> ParentReference {
    ParentReference(
      group: json["group"]?.string ?? "gateway.networking.k8s.io", kind: json["kind"]?.string ?? "Gateway",
      namespace: json["namespace"]?.string ?? namespace, name: json["name"]?.string ?? "",
      sectionName: json["sectionName"]?.string, port: json["port"]?.int, json: json)
  }

  private mutating func rule(_ json: JSONValue, namespace: String) -> RouteRuleSpec {
    let matches = (json["matches"]?.array ?? []).map { match($0) }
    return RouteRuleSpec(
      matches: matches.isEmpty ? [RouteMatch(path: .any)] : matches, filters: filters(json["filters"]),
      backends: (json["backendRefs"]?.array ?? []).map { backend($0, namespace: namespace) },
      timeout: timeout(json.at("timeouts", "request")?.string))
  }

  // MARK: matches

  private mutating func match(_ json: JSONValue) -> RouteMatch {
    RouteMatch(
      path: path(json["path"]), method: json["method"]?.string,
      headers: (json["headers"]?.array ?? []).map { named($0) },
      query: (json["queryParams"]?.array ?? []).map { named($0) })
  }

  private mutating func path(_ json: JSONValue?) -> PathMatcher {
    let value = json?["value"]?.string ?? "/"
    switch json?["type"]?.string ?? "PathPrefix" {
    case "Exact": return .exact(value)
    case "PathPrefix": return PathMatcher(pathPrefix: value)
    case "RegularExpression":
      do {
        return try PathMatcher(regularExpression: value)
      } catch {
        note("the path expression '\(value)' cannot be used: \(error.message)")
      }
    case let other: note("the path match type '\(other)' is not supported")
    }
    return .any
  }

  private mutating func named(_ json: JSONValue) -> NamedMatch {
    let name = json["name"]?.string ?? ""
    let value = json["value"]?.string ?? ""
    switch json["type"]?.string ?? "Exact" {
    case "Exact": break
    case "RegularExpression":
      do {
        return NamedMatch(name: name, value: .pattern(try Pattern(value)))
      } catch {
        note("the expression '\(value)' for '\(name)' cannot be used: \(error.message)")
      }
    case let other: note("the match type '\(other)' for '\(name)' is not supported")
    }
    return NamedMatch(name: name, value: .exact(value))
  }

  // MARK: filters

  private mutating func filters(_ json: JSONValue?) -> RouteFilters {
    var filters = RouteFilters()
    for filter in json?.array ?? [] {
      switch filter["type"]?.string ?? "" {
      case "RequestHeaderModifier": filters.requestHeaders = edits(filter["requestHeaderModifier"])
      case "ResponseHeaderModifier": filters.responseHeaders = edits(filter["responseHeaderModifier"])
      case "URLRewrite":
        filters.hostname = filter.at("urlRewrite", "hostname")?.string
        filters.path = rewrite(filter.at("urlRewrite", "path"))
      case let other: note("the filter '\(other)' is not supported")
      }
    }
    return filters
  }

  /// The gateway frames each message itself; a route that had a say in that could break it.
  private static let framingFields: [String] = ForwardedHead.hopByHop + ["content-length"]

  private mutating func edits(_ json: JSONValue?) -> HeaderEdits {
    func pairs(_ key: String) -> [(name: String, value: String)] {
      (json?[key]?.array ?? []).compactMap { pair in
        guard let name = pair["name"]?.string, let value = pair["value"]?.string else { return nil }
        return (name, value)
      }
    }
    let edits = HeaderEdits(
      set: pairs("set"), add: pairs("add"), remove: json?["remove"]?.array?.compactMap(\.string) ?? [])
    let names = (edits.set + edits.add).map(\.name) + edits.remove
    if let name = names.first(where: { Self.framingFields.contains($0.lowercased()) }) {
      note("the field '\(name)' belongs to the connection: a header modifier cannot change it")
    } else if edits.remove.contains(where: { $0.lowercased() == "host" }) {
      note("the field 'Host' is needed by every request: a header modifier cannot remove it")
    }
    return edits
  }

  private mutating func rewrite(_ json: JSONValue?) -> RouteFilters.PathRewrite? {
    guard let json else { return nil }
    switch json["type"]?.string ?? "" {
    case "ReplaceFullPath": return .full(json["replaceFullPath"]?.string ?? "/")
    case "ReplacePrefixMatch": return .prefix(json["replacePrefixMatch"]?.string ?? "/")
    case let other:
      note("the path rewrite '\(other)' is not supported")
      return nil
    }
  }

  // MARK: backends and times

  private mutating func backend(_ json: JSONValue, namespace: String) -> BackendReference {
    BackendReference(
      group: json["group"]?.string ?? "", kind: json["kind"]?.string ?? "Service",
      namespace: json["namespace"]?.string ?? namespace, name: json["name"]?.string ?? "",
      port: json["port"]?.int, weight: max(0, min(1_000_000, json["weight"]?.int ?? 1)),
      filters: filters(json["filters"]))
  }

  /// Gateway API durations (GEP-2257): `1h30m`, `10s`, `500ms`; zero switches the timeout off.
  private mutating func timeout(_ text: String?) -> Duration? {
    guard let text else { return nil }
    var total: Duration = .zero
    var digits = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      if character.isASCII, character.isNumber {
        digits.append(character)
        continue
      }
      var unit = String(character)
      if unit == "m", rest.first == "s" { unit.append(rest.removeFirst()) }
      guard let number = Int64(digits), number < 100_000, let length = Self.unit(unit) else {
        note("the timeout '\(text)' is no duration such as 60s or 1m30s")
        return nil
      }
      total += length * Int(number)
      digits = ""
    }
    if !digits.isEmpty { note("the timeout '\(text)' lacks a unit: write \(digits)s for seconds") }
    return total == .zero ? nil : total
  }

  private static func unit(_ text: String) -> Duration? {
    switch text {
    case "h": .seconds(3600)
    case "m": .seconds(60)
    case "s": .seconds(1)
    case "ms": .milliseconds(1)
    default: nil
    }
  }

  private mutating func note(_ text: String) {
    if problem == nil { problem = text }
  }
}
