public import Formats

/// `spec.explainer`: ART, or the user's own container.
public struct ExplainerSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var component: ComponentSpec { ComponentSpec(json: json) }
  public var art: ArtExplainer? { json.member("art").map(ArtExplainer.init(json:)) }
  public var isCustom: Bool { art == nil && !component.containers.isEmpty }

  /// `art`: the adversarial robustness toolbox.
  public struct ArtExplainer: Sendable, Hashable {
    public var json: JSONValue

    public init(json: JSONValue) { self.json = json }

    /// `SquareAttack`.
    public var type: String { json["type"]?.string ?? "" }
    public var storageURI: String? { json.nonEmptyText("storageUri") }
    public var storage: StorageSpec? { json.member("storage").map(StorageSpec.init(json:)) }
    public var runtimeVersion: String? { json.nonEmptyText("runtimeVersion") }
    /// Flags of the explainer, sorted by name.
    public var configuration: [(key: String, value: String)] {
      StringMaps.read(json["config"]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    /// The members that belong to a core/v1 Container.
    public var container: JSONValue { json.picking(CoreSchemas.containerFields) }
  }
}
