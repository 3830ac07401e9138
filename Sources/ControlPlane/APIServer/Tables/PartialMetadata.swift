internal import Formats
internal import KubeProtocol

/// `PartialObjectMetadata`: objects without spec and status, for clients that only want to know what is
/// there.
enum PartialMetadata {
  static func single(_ object: KubeObject) -> JSONValue {
    ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
  }

  static func list(_ objects: [KubeObject], _ metadata: JSONValue) -> JSONValue {
    [
      "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
      "metadata": metadata, "items": .array(objects.map(single)),
    ]
  }
}
