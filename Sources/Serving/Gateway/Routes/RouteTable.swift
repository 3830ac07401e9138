internal import Basics
internal import HTTPWire
internal import KubeProtocol

/// All routes of one moment, ready to be looked up. Every loop holds one and changes it for the next, which
/// shares with it what has not changed.
final class RouteTable: Sendable {
  enum Lookup: Sendable {
    case found(CompiledRule)
    /// No route names the host.
    case unknownHost
    /// Routes name the host, but none of their rules matches.
    case noRule(rules: Int)
  }

  /// Rules in order of precedence, per exact host, per wildcard suffix (longest first), and for any host.
  private let exact: SharedMap<String, [CompiledRule]>
  private let wildcards: [(suffix: String, rules: [CompiledRule])]
  private let anyHost: [CompiledRule]
  private let gates: SharedMap<EndpointRegistry.GateKey, Backend>
  /// Backends with gates that are not those of the table before, and the gates that went.
  let changedGates: [Backend]
  let removedGates: [BackendGate]
  /// Counts the tables of one compiler.
  let number: UInt64

  static let empty = RouteTable(
    exact: SharedMap(), wildcards: [], anyHost: [], gates: SharedMap(), changedGates: [], removedGates: [],
    number: 0)

  /// As `RouteTableBuilder` makes it.
  init(
    exact: SharedMap<String, [CompiledRule]>, wildcards: [(suffix: String, rules: [CompiledRule])],
    anyHost: [CompiledRule], gates: SharedMap<EndpointRegistry.GateKey, Backend>, changedGates: [Backend],
    removedGates: [BackendGate], number: UInt64
  ) {
    self.exact = exact
    self.wildcards = wildcards
    self.anyHost = anyHost
    self.gates = gates
    self.changedGates = changedGates
    self.removedGates = removedGates
    self.number = number
  }

  /// How many hosts routes name.
  var hostCount: Int { exact.count + wildcards.count }
  /// Backends whose requests are counted or held back.
  var gated: some Sequence<Backend> { gates.values }

  /// The rule for a request: of the most specific host that has one that matches.
  /// - Parameter host: normalized.
  func find(host: String, _ head: HTTPRequestHead) -> Lookup {
    var seen = 0
    if let rules = exact[host] {
      if let rule = first(rules, head) { return .found(rule) }
      seen += rules.count
    }
    for (suffix, rules) in wildcards where host.utf8.count > suffix.utf8.count && host.hasSuffix(suffix) {
      if let rule = first(rules, head) { return .found(rule) }
      seen += rules.count
    }
    if let rule = first(anyHost, head) { return .found(rule) }
    seen += anyHost.count
    return seen == 0 ? .unknownHost : .noRule(rules: seen)
  }

  private func first(_ rules: [CompiledRule], _ head: HTTPRequestHead) -> CompiledRule? {
    if rules.isEmpty { return nil }
    let path = head.path
    return rules.first { $0.matches(head, path: path) }
  }
}

/// One match of one rule, with what to do then.
final class CompiledRule: Sendable {
  let match: RouteMatch
  let target: RouteTarget
  private let created: Timestamp
  private let ruleIndex: Int

  init(match: RouteMatch, target: RouteTarget, created: Timestamp, ruleIndex: Int) {
    self.match = match
    self.target = target
    self.created = created
    self.ruleIndex = ruleIndex
  }

  func matches(_ head: HTTPRequestHead, path: Substring) -> Bool {
    guard match.path.matches(path) else { return false }
    if let method = match.method, method != head.method { return false }
    for header in match.headers {
      guard let value = head.headers[header.name], header.accepts(value) else { return false }
    }
    if match.query.isEmpty { return true }
    let parameters = QueryParameters.parse(head.query)
    return match.query.allSatisfy { wanted in
      parameters.first { $0.name == wanted.name }.map { wanted.accepts($0.value) } ?? false
    }
  }

  /// The Gateway API's order: kind and length of the path match, method, number of headers, number of query
  /// parameters, age of the route, its name, the rule's place.
  static func precedes(_ left: CompiledRule, _ right: CompiledRule) -> Bool {
    let leftWeight = left.weight
    let rightWeight = right.weight
    if leftWeight != rightWeight { return leftWeight.lexicographicallyPrecedes(rightWeight) == false }
    if left.created != right.created { return left.created < right.created }
    if left.target.route != right.target.route { return left.target.route < right.target.route }
    return left.ruleIndex < right.ruleIndex
  }

  private var weight: [Int] {
    [match.path.rank, match.path.length, match.method == nil ? 0 : 1, match.headers.count, match.query.count]
  }
}

/// The query of a target, decoded.
enum QueryParameters {
  static func parse(_ query: Substring?) -> [(name: String, value: String)] {
    (query ?? "").split(separator: "&").prefix(256).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
    }
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
