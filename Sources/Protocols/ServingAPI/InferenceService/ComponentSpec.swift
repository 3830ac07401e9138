public import Formats

/// What predictor, transformer and explainer have in common: a pod spec and how many of it. A view of the
/// JSON, so that nothing a user wrote is lost.
public struct ComponentSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var minReplicas: Int64? { json["minReplicas"]?.int }
  public var maxReplicas: Int64? { json["maxReplicas"]?.int }
  public var containerConcurrency: Int64? { json["containerConcurrency"]?.int }
  /// Seconds that a request may take.
  public var timeoutSeconds: Int64? { json["timeout"]?.int }
  public var labels: [String: String] { StringMaps.read(json["labels"]) }
  public var annotations: [String: String] { StringMaps.read(json["annotations"]) }
  public var deploymentStrategy: JSONValue? { json["deploymentStrategy"] }
  public var containers: [JSONValue] { json["containers"]?.array ?? [] }
  public var initContainers: [JSONValue] { json["initContainers"]?.array ?? [] }
  /// Several models for one component, each with its own place.
  public var storageURIs: [MountedURI] { (json["storageUris"]?.array ?? []).map(MountedURI.init(json:)) }

  /// The members that belong to a core/v1 PodSpec, in the order they were written.
  public var podSpec: JSONValue {
    .object(
      JSONObject(
        (json.object?.members ?? []).filter { CoreSchemas.podFields.contains($0.key) }.map { ($0, $1) }))
  }

  /// `storageUris[]`.
  public struct MountedURI: Sendable, Hashable {
    public var uri: String
    public var mountPath: String

    public init(json: JSONValue) {
      uri = json["uri"]?.string ?? ""
      mountPath = json["mountPath"]?.string ?? ServingPod.modelPath
    }
  }
}

/// JSON objects of strings as Swift maps.
enum StringMaps {
  static func read(_ value: JSONValue?) -> [String: String] {
    var map: [String: String] = [:]
    for member in value?.object?.members ?? [] { map[member.key] = member.value.string }
    return map
  }
}
