public import Formats

/// `predictor.model`: a model file of a known format, served by a runtime.
public struct ModelSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var formatName: String { json.at("modelFormat", "name")?.string ?? "" }
  public var formatVersion: String? { json.at("modelFormat", "version")?.string }
  /// The runtime the user asked for; nil where it is to be chosen.
  public var runtime: String? { json["runtime"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  public var protocolVersion: String? { json["protocolVersion"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  public var storageURI: String? { json["storageUri"]?.string }
  /// Replaces the tag of the runtime's image.
  public var runtimeVersion: String? { json["runtimeVersion"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  /// Storage by reference to the credentials secret (`key`, `path`, `parameters`).
  public var storage: JSONValue? { json["storage"] }

  /// The members that belong to a core/v1 Container.
  public var container: JSONValue {
    .object(
      JSONObject(
        (json.object?.members ?? []).filter { CoreSchemas.containerFields.contains($0.key) }.map { ($0, $1) })
    )
  }
}
