internal import Formats
public import KubeProtocol

/// `serving.kserve.io/v1alpha1 LocalModelCache` and `LocalModelNamespaceCache`: a model that nodes keep a
/// copy of.
public struct LocalModelCache: Sendable, Hashable {
  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  /// "" for the cluster-wide kind.
  public var namespace: String { object.namespace }
  public var isNamespaced: Bool { object.kind == KubeResource.localModelNamespaceCaches.kind }
  public var sourceURI: String { object.json.at("spec", "sourceModelUri")?.string ?? "" }
  public var modelSize: Quantity? { object.json.at("spec", "modelSize").flatMap(Quantity.init(json:)) }
  public var nodeGroups: [String] { object.spec?.texts("nodeGroups") ?? [] }
  public var serviceAccountName: String? { object.spec?.nonEmptyText("serviceAccountName") }
  public var storage: StorageSpec? { object.spec?.member("storage").map(StorageSpec.init(json:)) }

  /// Services that `status` says use it.
  public var users: [(kind: String, namespace: String, name: String)] {
    let kinds = [
      ("InferenceService", "inferenceServices"), ("LLMInferenceService", "llmInferenceServices"),
    ]
    return kinds.flatMap { kind, field in
      (object.status?[field]?.array ?? []).map {
        (kind, $0["namespace"]?.string ?? "", $0["name"]?.string ?? "")
      }
    }
  }

  /// Whether a model is this one or lies inside it: equal, or a path below; a slash at the end says nothing.
  public func holds(_ uri: String) -> Bool { Self.holds(sourceURI, uri) }

  static func holds(_ source: String, _ uri: String) -> Bool {
    let cached = trimmed(source)
    let wanted = trimmed(uri)
    return wanted == cached || (wanted.hasPrefix(cached + "/") && !cached.isEmpty)
  }

  static func trimmed(_ uri: String) -> Substring { uri.hasSuffix("/") ? uri.dropLast() : uri[...] }
}
