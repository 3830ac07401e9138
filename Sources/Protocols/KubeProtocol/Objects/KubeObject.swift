public import Basics
public import Formats

/// Namespace and name. Cluster-wide objects have the namespace "".
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var namespace: String
  public var name: String

  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

  public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
    (left.namespace, left.name) < (right.namespace, right.name)
  }
}

/// One Kubernetes object of any kind: its JSON, with the members that all kinds share by name.
public struct KubeObject: Sendable, Hashable {
  /// Always a JSON object.
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public init(_ resource: KubeResource, namespace: String? = nil, name: String) {
    json = ["apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind), "metadata": [:]]
    self.name = name
    if resource.isNamespaced, let namespace { self.namespace = namespace }
  }

  public subscript(key: String) -> JSONValue? {
    get { json[key] }
    set { json[key] = newValue }
  }

  public var apiVersion: String { json["apiVersion"]?.string ?? "" }
  public var kind: String { json["kind"]?.string ?? "" }
  public var groupVersionKind: GroupVersionKind { GroupVersionKind(apiVersion: apiVersion, kind: kind) }

  public var metadata: JSONValue {
    get { json["metadata"] ?? [:] }
    set { json["metadata"] = newValue }
  }

  public var spec: JSONValue? {
    get { json["spec"] }
    set { json["spec"] = newValue }
  }

  public var status: JSONValue? {
    get { json["status"] }
    set { json["status"] = newValue }
  }

  public var name: String {
    get { metadataText("name") }
    set { setMetadata("name", .string(newValue)) }
  }

  /// "" for cluster-wide objects.
  public var namespace: String {
    get { metadataText("namespace") }
    set { setMetadata("namespace", newValue.isEmpty ? nil : .string(newValue)) }
  }

  public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

  public var generateName: String { metadataText("generateName") }

  public var uid: String {
    get { metadataText("uid") }
    set { setMetadata("uid", .string(newValue)) }
  }

  /// Opaque to clients; decimal in this server. "" where it is not set.
  public var resourceVersion: String {
    get { metadataText("resourceVersion") }
    set { setMetadata("resourceVersion", newValue.isEmpty ? nil : .string(newValue)) }
  }

  public var generation: Int64 {
    get { json["metadata"]?["generation"]?.int ?? 0 }
    set { setMetadata("generation", .int(newValue)) }
  }

  public var creationTimestamp: Timestamp? {
    get { json["metadata"]?["creationTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:)) }
    set { setMetadata("creationTimestamp", newValue.map { .string($0.rfc3339) }) }
  }

  public var deletionTimestamp: Timestamp? {
    get { json["metadata"]?["deletionTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:)) }
    set { setMetadata("deletionTimestamp", newValue.map { .string($0.rfc3339) }) }
  }

  public var isBeingDeleted: Bool { json["metadata"]?["deletionTimestamp"]?.string != nil }

  public var labels: [String: String] {
    get { Self.stringMap(json["metadata"]?["labels"]) }
    set { setMetadata("labels", Self.stringMapJSON(newValue)) }
  }

  public var annotations: [String: String] {
    get { Self.stringMap(json["metadata"]?["annotations"]) }
    set { setMetadata("annotations", Self.stringMapJSON(newValue)) }
  }

  public var finalizers: [String] {
    get { json["metadata"]?["finalizers"]?.array?.compactMap(\.string) ?? [] }
    set { setMetadata("finalizers", newValue.isEmpty ? nil : .array(newValue.map { .string($0) })) }
  }

  public var ownerReferences: [OwnerReference] {
    get { json["metadata"]?["ownerReferences"]?.array?.compactMap(OwnerReference.init(json:)) ?? [] }
    set { setMetadata("ownerReferences", newValue.isEmpty ? nil : .array(newValue.map(\.json))) }
  }

  /// The owner whose controller made this object.
  public var controllerReference: OwnerReference? { ownerReferences.first { $0.isController } }

  /// Members with string values; other values are left out.
  public static func stringMap(_ value: JSONValue?) -> [String: String] {
    guard let object = value?.object else { return [:] }
    var map: [String: String] = [:]
    for member in object.members { map[member.key] = member.value.string }
    return map
  }

  /// A JSON object with sorted keys; nil for an empty map.
  public static func stringMapJSON(_ map: [String: String]) -> JSONValue? {
    guard !map.isEmpty else { return nil }
    return .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  private func metadataText(_ key: String) -> String { json["metadata"]?[key]?.string ?? "" }

  private mutating func setMetadata(_ key: String, _ value: JSONValue?) {
    var metadata = self.metadata
    metadata[key] = value
    json["metadata"] = metadata
  }
}

/// `metadata.ownerReferences[]`.
public struct OwnerReference: Sendable, Hashable {
  public var apiVersion: String
  public var kind: String
  public var name: String
  public var uid: String
  public var isController: Bool
  public var blocksOwnerDeletion: Bool

  /// The reference that a controller puts on the children of `owner`.
  public init(controller owner: KubeObject) {
    apiVersion = owner.apiVersion
    kind = owner.kind
    name = owner.name
    uid = owner.uid
    isController = true
    blocksOwnerDeletion = true
  }

  public init?(json: JSONValue) {
    guard let apiVersion = json["apiVersion"]?.string, let kind = json["kind"]?.string,
      let name = json["name"]?.string, let uid = json["uid"]?.string
    else { return nil }
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    isController = json["controller"]?.bool ?? false
    blocksOwnerDeletion = json["blockOwnerDeletion"]?.bool ?? false
  }

  public var json: JSONValue {
    [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
      "controller": .bool(isController), "blockOwnerDeletion": .bool(blocksOwnerDeletion),
    ]
  }
}
