import Formats
import KubeProtocol
import Linux

/// One file of `samples/`.
struct Sample: Sendable {
  /// Its path below `samples/`.
  var name: String
  var objects: [KubeObject]

  /// All of them, sorted by path.
  static func all() throws -> [Sample] {
    let root = String(#filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()) + "/samples"
    var samples: [Sample] = []
    for path in try files(root, below: "") {
      let text = String(decoding: try Files.read("\(root)/\(path)", limit: 1 << 20), as: UTF8.self)
      samples.append(Sample(name: path, objects: try YAML.parse(text).map(KubeObject.init(json:))))
    }
    return samples
  }

  private static func files(_ root: String, below folder: String) throws -> [String] {
    var found: [String] = []
    for name in try Files.list(folder.isEmpty ? root : "\(root)/\(folder)").sorted() {
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      if name.hasSuffix(".yaml") {
        found.append(path)
      } else if name != "models", !name.contains(".") {
        found += try files(root, below: path)
      }
    }
    return found
  }

  /// The collection that an object belongs to.
  static func resource(of object: KubeObject) -> KubeResource {
    let kind = object.groupVersionKind
    let clusterWide: Set<String> = [
      "ClusterServingRuntime", "ClusterStorageContainer", "LocalModelCache", "LocalModelNode",
      "LocalModelNodeGroup",
    ]
    return KubeResource(
      group: kind.group, version: kind.version, plural: kind.kind.lowercased() + "s", kind: kind.kind,
      isNamespaced: !clusterWide.contains(kind.kind))
  }

  /// Paths of members that are in `wanted` and not, or otherwise, in `found`.
  static func lost(_ wanted: JSONValue, in found: JSONValue?, at path: String = "") -> [String] {
    // Secrets give their texts back as bytes in another member; the version read is the version asked for.
    if path == ".stringData" { return [] }
    switch (wanted, found) {
    case (.object(let object), .object(let other)?):
      return object.members.flatMap { lost($0.value, in: other[$0.key], at: "\(path).\($0.key)") }
    case (.array(let elements), .array(let others)?) where elements.count == others.count:
      return elements.indices.flatMap { lost(elements[$0], in: others[$0], at: "\(path)[\($0)]") }
    default: return wanted == found ? [] : [path]
    }
  }
}
