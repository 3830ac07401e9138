public import Formats

/// Who owns which fields of an object: `metadata.managedFields`, read.
public struct ManagedFields: Sendable, Hashable {
  public enum Operation: String, Sendable, Hashable { case apply = "Apply", update = "Update" }

  /// What makes one entry: an applier is one whatever version it speaks, an updater one per version.
  public struct Manager: Sendable, Hashable {
    public var name: String
    public var operation: Operation
    /// "" for appliers.
    public var apiVersion: String
    public var subresource: String

    public init(_ name: String, _ operation: Operation, apiVersion: String, subresource: String = "") {
      self.name = name
      self.operation = operation
      self.apiVersion = operation == .apply ? "" : apiVersion
      self.subresource = subresource
    }
  }

  public struct Entry: Sendable, Hashable {
    /// The version in which the paths are written.
    public var apiVersion: String
    /// RFC 3339; "" where unknown.
    public var time: String
    public var fields: FieldSet

    public init(apiVersion: String, time: String, fields: FieldSet) {
      self.apiVersion = apiVersion
      self.time = time
      self.fields = fields
    }
  }

  public var entries: [Manager: Entry] = [:]

  /// Updaters beyond this number are put together, the oldest first.
  static let maximumUpdaters = 10
  static let ancientName = "ancient-changes"

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }

  /// Nil where an entry is malformed.
  public init?(json: JSONValue?) {
    guard let json, !json.isNull else { return }
    guard let list = json.array else { return nil }
    for item in list {
      guard let name = item["manager"]?.string ?? (item["manager"] == nil ? "" : nil),
        let operation = item["operation"]?.string.flatMap(Operation.init(rawValue:)),
        let fields = FieldSet(fieldsV1: item["fieldsV1"] ?? [:])
      else { return nil }
      let version = item["apiVersion"]?.string ?? ""
      let manager = Manager(
        name, operation, apiVersion: version, subresource: item["subresource"]?.string ?? "")
      var merged = fields
      if let before = entries[manager] { merged = merged.union(before.fields) }
      entries[manager] = Entry(apiVersion: version, time: item["time"]?.string ?? "", fields: merged)
    }
  }

  /// `[{}]` in a client's object: forget all managers.
  public static func isReset(_ json: JSONValue?) -> Bool {
    guard let list = json?.array, list.count == 1 else { return false }
    return list[0].object?.isEmpty ?? false
  }

  /// The list: appliers before updaters, older before newer. Nil where nobody owns anything.
  public var json: JSONValue? {
    let kept = entries.filter { !$0.value.fields.isEmpty }
    guard !kept.isEmpty else { return nil }
    let sorted = kept.sorted { left, right in
      let (first, second) = (left.key, right.key)
      if first.operation != second.operation { return first.operation == .apply }
      if left.value.time != right.value.time { return left.value.time < right.value.time }
      return (first.name, left.value.apiVersion, first.subresource)
        < (second.name, right.value.apiVersion, second.subresource)
    }
    return .array(
      sorted.map { manager, entry in
        var item: JSONValue = [
          "manager": .string(manager.name), "operation": .string(manager.operation.rawValue),
          "apiVersion": .string(entry.apiVersion),
        ]
        if !entry.time.isEmpty { item["time"] = .string(entry.time) }
        item["fieldsType"] = "FieldsV1"
        item["fieldsV1"] = entry.fields.fieldsV1
        if !manager.subresource.isEmpty { item["subresource"] = .string(manager.subresource) }
        return item
      })
  }

  /// Puts the oldest updaters into one where there are too many.
  mutating func bound() {
    let updaters = entries.filter { $0.key.operation == .update }
    guard updaters.count > Self.maximumUpdaters else { return }
    let oldest = updaters.sorted { ($0.value.time, $0.key.name) < ($1.value.time, $1.key.name) }
      .prefix(updaters.count - Self.maximumUpdaters + 1)
    for (manager, entry) in oldest {
      entries[manager] = nil
      let ancient = Manager(
        Self.ancientName, .update, apiVersion: entry.apiVersion, subresource: manager.subresource)
      var merged =
        entries[ancient] ?? Entry(apiVersion: entry.apiVersion, time: entry.time, fields: FieldSet())
      merged.fields = merged.fields.union(entry.fields)
      entries[ancient] = merged
    }
  }
}

/// Fields that an applier wants to change and others own.
public struct ApplyConflicts: Error, Sendable, Hashable {
  public struct Conflict: Sendable, Hashable {
    public var manager: ManagedFields.Manager
    public var time: String
    public var path: [FieldElement]
  }

  public var conflicts: [Conflict]

  public init(conflicts: [Conflict]) { self.conflicts = conflicts }

  public var fields: FieldSet {
    conflicts.reduce(into: FieldSet()) { set, conflict in set = set.union(FieldSet(path: conflict.path)) }
  }

  /// The answer that the Kubernetes API gives.
  public var kubeError: KubeError {
    var error = KubeError(.conflict, message)
    error.causes = conflicts.map { conflict in
      KubeError.Cause(
        reason: "FieldManagerConflict", message: "conflict with \(Self.text(conflict))",
        field: Self.text(conflict.path))
    }
    return error
  }

  private var message: String {
    if conflicts.count == 1, let only = conflicts.first {
      return "Apply failed with 1 conflict: conflict with \(Self.text(only)): \(Self.text(only.path))"
    }
    var order: [String] = []
    var paths: [String: [String]] = [:]
    for conflict in conflicts {
      let manager = Self.text(conflict)
      if paths[manager] == nil { order.append(manager) }
      paths[manager, default: []].append(Self.text(conflict.path))
    }
    let lines = order.sorted().flatMap { manager in
      ["conflicts with \(manager):"] + (paths[manager] ?? []).map { "- \($0)" }
    }
    return "Apply failed with \(conflicts.count) conflicts: \(lines.joined(separator: "\n"))"
  }

  private static func text(_ path: [FieldElement]) -> String { path.map(\.pathText).joined() }

  private static func text(_ conflict: Conflict) -> String {
    let manager = conflict.manager
    var text = FieldPath.quoted(manager.name)
    if !manager.subresource.isEmpty { text += " with subresource \(FieldPath.quoted(manager.subresource))" }
    guard manager.operation == .update else { return text }
    text += " using \(manager.apiVersion)"
    return conflict.time.isEmpty ? text : text + " at \(conflict.time)"
  }
}

extension FieldSet {
  /// The set of one path.
  public init(path: some Collection<FieldElement>) {
    self.init()
    guard let first = path.first else { return }
    if path.count == 1 { insert(first) } else { setChild(first, FieldSet(path: path.dropFirst())) }
  }
}
