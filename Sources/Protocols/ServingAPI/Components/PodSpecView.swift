public import Formats

/// The members of a core/v1 PodSpec that stand inline in a component, a worker spec or a runtime.
public struct PodSpecView: Sendable, Hashable {
  /// What holds them; may hold other members beside.
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// The members that belong to a core/v1 PodSpec, in the order they were written.
  public var podSpec: JSONValue { json.picking(CoreSchemas.podFields) }

  public var containers: [JSONValue] { json["containers"]?.array ?? [] }
  public var initContainers: [JSONValue] { json["initContainers"]?.array ?? [] }
  public var volumes: [JSONValue] { json["volumes"]?.array ?? [] }
  public var nodeSelector: [String: String] { StringMaps.read(json["nodeSelector"]) }
  public var affinity: JSONValue? { json.member("affinity") }
  public var tolerations: [JSONValue] { json["tolerations"]?.array ?? [] }
  public var topologySpreadConstraints: [JSONValue] { json["topologySpreadConstraints"]?.array ?? [] }
  public var imagePullSecrets: [String] {
    (json["imagePullSecrets"]?.array ?? []).compactMap { $0.nonEmptyText("name") }
  }
  /// `serviceAccountName`, or the older `serviceAccount`.
  public var serviceAccountName: String? {
    json.nonEmptyText("serviceAccountName") ?? json.nonEmptyText("serviceAccount")
  }
  public var automountsServiceAccountToken: Bool? { json["automountServiceAccountToken"]?.bool }
  public var securityContext: JSONValue? { json.member("securityContext") }
  public var schedulerName: String? { json.nonEmptyText("schedulerName") }
  public var priorityClassName: String? { json.nonEmptyText("priorityClassName") }
  public var runtimeClassName: String? { json.nonEmptyText("runtimeClassName") }
  public var restartPolicy: String? { json.nonEmptyText("restartPolicy") }
  public var terminationGracePeriodSeconds: Int64? { json["terminationGracePeriodSeconds"]?.int }
  public var activeDeadlineSeconds: Int64? { json["activeDeadlineSeconds"]?.int }
  public var hostIPC: Bool? { json["hostIPC"]?.bool }
  public var resourceClaims: [JSONValue] { json["resourceClaims"]?.array ?? [] }

  public func container(named name: String) -> JSONValue? {
    containers.first { $0["name"]?.string == name }
  }
}

extension JSONValue {
  /// The value of a variable in a container's `env`.
  public func environmentValue(_ name: String) -> String? {
    self["env"]?.array?.first { $0["name"]?.string == name }?["value"]?.string
  }
}
