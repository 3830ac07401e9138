public import Formats
public import ServingAPI

/// Why a service serves or does not: the chain from the service down to the process, and the one finding that
/// stops it.
public struct Explanation: Sendable {
  /// One object or fact of the chain.
  public struct Link: Sendable, Hashable {
    public enum State: String, Sendable {
      case good = "ok"
      case failed
      case waiting
      /// Neither good nor bad: an event, a line of a log.
      case note
    }

    public var depth: Int
    public var kind: String
    public var name: String
    public var state: State
    public var message: String

    init(_ depth: Int, _ kind: String, _ name: String, _ state: State, _ message: String) {
      self.depth = depth
      self.kind = kind
      self.name = name
      self.state = state
      self.message = message
    }
  }

  /// One runtime that was looked at for the model.
  public struct RuntimeVerdict: Sendable, Hashable {
    public var name: String
    public var kind: String
    public var isChosen: Bool
    /// Why it was not chosen; "" for the one that was.
    public var reason: String
  }

  public var name: String
  public var namespace: String
  /// Whether requests are answered.
  public var isReady: Bool
  /// Nil where nothing is wrong.
  public var cause: FailureCause?
  public var chain: [Link] = []
  public var runtimes: [RuntimeVerdict] = []

  public var isHealthy: Bool { cause == nil }
  /// Of what is explained.
  public var kind: String { chain.first?.kind ?? "" }

  public var json: JSONValue {
    var json: JSONValue = [
      "kind": .string(kind), "name": .string(name), "namespace": .string(namespace), "ready": .bool(isReady),
      "healthy": .bool(isHealthy), "code": .null, "value": .null, "cause": .null, "fix": .null,
    ]
    if let cause {
      for member in cause.json.object?.members ?? [] { json[member.key] = member.value }
      json["message"] = .string(cause.sentence)
    }
    json["chain"] = .array(
      chain.map { link in
        [
          "depth": .int(Int64(link.depth)), "kind": .string(link.kind), "name": .string(link.name),
          "state": .string(link.state.rawValue), "message": .string(link.message),
        ]
      })
    json["runtimes"] = .array(
      runtimes.map { verdict in
        [
          "name": .string(verdict.name), "kind": .string(verdict.kind), "chosen": .bool(verdict.isChosen),
          "reason": .string(verdict.reason),
        ]
      })
    return json
  }
}
