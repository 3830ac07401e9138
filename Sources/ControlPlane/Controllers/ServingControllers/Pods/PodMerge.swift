internal import Formats
internal import KubeProtocol

/// Strategic merge of containers and pod specs: the merge keys of core/v1, as the Kubernetes API has them.
enum PodMerge {
  static func container(base: JSONValue, overlay: JSONValue) throws(PatchError) -> JSONValue {
    try StrategicMergePatch.merge(
      base: base, overlay: overlay, schema: containerSchema, catalog: SchemaCatalog())
  }

  static func podSpec(base: JSONValue, overlay: JSONValue) throws(PatchError) -> JSONValue {
    try StrategicMergePatch.merge(base: base, overlay: overlay, schema: podSchema, catalog: SchemaCatalog())
  }

  private static let containerSchema = Schema { parts in
    parts.kind = .object
    parts.properties = [
      ("env", list(by: "name")), ("ports", list(by: "containerPort")),
      ("volumeMounts", list(by: "mountPath")),
      ("volumeDevices", list(by: "devicePath")),
    ]
  }

  private static let podSchema = Schema { parts in
    parts.kind = .object
    parts.properties = [
      ("containers", list(by: "name", of: containerSchema)),
      ("initContainers", list(by: "name", of: containerSchema)),
      ("ephemeralContainers", list(by: "name", of: containerSchema)), ("volumes", list(by: "name")),
      ("imagePullSecrets", list(by: "name")), ("hostAliases", list(by: "ip")),
      ("topologySpreadConstraints", list(by: "topologyKey")), ("resourceClaims", list(by: "name")),
      ("schedulingGates", list(by: "name")),
    ]
  }

  private static func list(by key: String, of items: Schema = Schema { $0.kind = .object }) -> Schema {
    Schema { parts in
      parts.kind = .array
      parts.items = items
      parts.patchMergeKey = key
      parts.patchStrategies = ["merge"]
    }
  }
}
