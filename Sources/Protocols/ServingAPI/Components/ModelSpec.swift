public import Formats

/// Where a model lies and the container that serves it: the members that `predictor.model` and every
/// per-framework field share; `predictor.model` names format and runtime beside.
public struct ModelSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var formatName: String { json.at("modelFormat", "name")?.string ?? "" }
  public var formatVersion: String? { json["modelFormat"]?.nonEmptyText("version") }
  /// The runtime the user asked for; nil where it is to be chosen.
  public var runtime: String? { json.nonEmptyText("runtime") }
  public var protocolVersion: String? { json.nonEmptyText("protocolVersion") }
  public var storageURI: String? { json["storageUri"]?.string }
  /// Replaces the tag of the runtime's image.
  public var runtimeVersion: String? { json.nonEmptyText("runtimeVersion") }
  /// Storage by reference to the credentials secret.
  public var storage: StorageSpec? { json.member("storage").map(StorageSpec.init(json:)) }
  public var confidential: ConfidentialSpec? { json.member("confidential").map(ConfidentialSpec.init(json:)) }

  /// Whether it names no model at all: the server then loads models later, through its repository API.
  public var hasNoStorage: Bool { (storageURI ?? "").isEmpty && storage == nil }

  /// The members that belong to a core/v1 Container.
  public var container: JSONValue { json.picking(CoreSchemas.containerFields) }
}
