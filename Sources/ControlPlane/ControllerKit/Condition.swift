public import Basics
public import Formats
public import KubeProtocol

/// One entry of `status.conditions`.
public struct Condition: Sendable, Hashable {
  public enum Status: String, Sendable {
    case yes = "True"
    case no = "False"
    case unknown = "Unknown"
  }

  public var type: String
  public var status: Status
  public var reason: String
  public var message: String
  /// Knative's: "" for an error, `Info` or `Warning` for what does not count towards Ready.
  public var severity = ""
  public var observedGeneration: Int64?

  public init(
    _ type: String, _ status: Status, reason: String = "", message: String = "", severity: String = "",
    observedGeneration: Int64? = nil
  ) {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = message
    self.severity = severity
    self.observedGeneration = observedGeneration
  }

  public init?(json: JSONValue) {
    guard let type = json["type"]?.string else { return nil }
    self.type = type
    status = json["status"]?.string.flatMap(Status.init(rawValue:)) ?? .unknown
    reason = json["reason"]?.string ?? ""
    message = json["message"]?.string ?? ""
    severity = json["severity"]?.string ?? ""
    observedGeneration = json["observedGeneration"]?.int
  }
}

/// Reads and changes lists of conditions. All functions are pure.
public enum Conditions {
  public enum Style: Sendable {
    /// `lastTransitionTime`, `reason` and `message` always present; order kept.
    case kubernetes
    /// Like `kubernetes`, plus `lastUpdateTime`, which moves on with every change (Deployments).
    case workload
    /// Like `kubernetes`, plus `lastProbeTime: null` (Pods).
    case pod
    /// Knative's duck type: empty reason and message left out, sorted by type.
    case knative
  }

  public static func get(_ list: JSONValue?, _ type: String) -> Condition? {
    (list?.array ?? []).first { $0["type"]?.string == type }.flatMap(Condition.init(json:))
  }

  public static func isTrue(_ list: JSONValue?, _ type: String) -> Bool { get(list, type)?.status == .yes }

  /// When the condition last changed its status.
  public static func lastTransition(_ list: JSONValue?, _ type: String) -> Timestamp? {
    (list?.array ?? []).first { $0["type"]?.string == type }?["lastTransitionTime"]?.string
      .flatMap(Timestamp.init(rfc3339:))
  }

  public static func removing(_ type: String, from list: JSONValue?) -> JSONValue {
    .array((list?.array ?? []).filter { $0["type"]?.string != type })
  }

  /// The list with this condition in it. An equal one is left as it is; `lastTransitionTime` moves only when
  /// the status changes.
  public static func setting(
    _ condition: Condition, in list: JSONValue?, now: Timestamp, style: Style = .kubernetes
  ) -> JSONValue {
    var entries = list?.array ?? []
    let position = entries.firstIndex { $0["type"]?.string == condition.type }
    let old = position.map { entries[$0] }
    if let old, Condition(json: old) == condition { return .array(entries) }
    var transition = JSONValue.string(now.rfc3339)
    if let old, old["status"]?.string == condition.status.rawValue, let time = old["lastTransitionTime"] {
      transition = time
    }
    let entry = json(condition, transition: transition, now: now, style: style)
    if let position { entries[position] = entry } else { entries.append(entry) }
    if style == .knative {
      entries.sort { ($0["type"]?.string ?? "") < ($1["type"]?.string ?? "") }
    }
    return .array(entries)
  }

  private static func json(
    _ condition: Condition, transition: JSONValue, now: Timestamp, style: Style
  ) -> JSONValue {
    var entry: JSONValue = ["type": .string(condition.type), "status": .string(condition.status.rawValue)]
    if let generation = condition.observedGeneration { entry["observedGeneration"] = .int(generation) }
    if style == .workload { entry["lastUpdateTime"] = .string(now.rfc3339) }
    if style == .pod { entry["lastProbeTime"] = .null }
    entry["lastTransitionTime"] = transition
    if !condition.reason.isEmpty || style == .kubernetes || style == .workload {
      entry["reason"] = .string(condition.reason)
    }
    if !condition.message.isEmpty || style == .kubernetes || style == .workload {
      entry["message"] = .string(condition.message)
    }
    if !condition.severity.isEmpty { entry["severity"] = .string(condition.severity) }
    return entry
  }
}

extension KubeObject {
  /// Sets a condition in `status.conditions`.
  public mutating func setCondition(
    _ condition: Condition, now: Timestamp, style: Conditions.Style = .kubernetes
  ) {
    let list = Conditions.setting(condition, in: status?["conditions"], now: now, style: style)
    json.set(list, at: "status", "conditions")
  }

  public func condition(_ type: String) -> Condition? { Conditions.get(status?["conditions"], type) }
}
