internal import Formats

/// Schemas of the local model cache's kinds.
enum LocalModelSchemas {
  private static let storage: JSONValue = .fields([("key", .text), ("parameters", .textMap)])

  private static let reference: JSONValue = .fields([("name", .text), ("namespace", .text)])

  /// Of LocalModelCache and LocalModelNamespaceCache.
  static let cacheSpec: JSONValue = .fields(
    [
      ("sourceModelUri", JSONValue.text.described("The model that nodes keep a copy of; it cannot change.")),
      ("modelSize", JSONValue.quantity.described("What a copy takes on a node.")),
      ("nodeGroups", JSONValue.texts.with("minItems", 1).described("The groups of nodes that keep it.")),
      ("serviceAccountName", .text), ("storage", storage),
    ], required: ["sourceModelUri", "modelSize", "nodeGroups"])

  static let cacheStatus: JSONValue = .fields([
    (
      "nodeStatus",
      .map(
        of: .choice([
          "", "NodeNotReady", "NodeDownloadPending", "NodeDownloading", "NodeDownloaded", "NodeDownloadError",
        ]))
    ),
    ("copies", .fields([("available", .int64), ("total", .int64), ("failed", .int64)])),
    ("inferenceServices", .list(reference)), ("llmInferenceServices", .list(reference)),
  ])

  static let nodeSpec: JSONValue = .fields(
    [
      (
        "localModels",
        .list(
          .fields(
            [
              ("sourceModelUri", .text), ("modelName", .text), ("namespace", .text), ("nodeGroup", .text),
              ("serviceAccountName", .text), ("storage", storage),
            ], required: ["sourceModelUri", "modelName"]))
      )
    ], required: ["localModels"])

  static let nodeStatus: JSONValue = .fields([
    (
      "modelStatus",
      .map(
        of: .choice([
          "", "ModelDownloadPending", "ModelDownloading", "ModelDownloaded", "ModelDownloadError",
        ]))
    )
  ])

  static let nodeGroupSpec: JSONValue = .fields(
    [
      ("storageLimit", .quantity),
      ("persistentVolumeSpec", ["type": "object", "x-kubernetes-preserve-unknown-fields": true]),
      ("persistentVolumeClaimSpec", .definition("io.k8s.api.core.v1.PersistentVolumeClaimSpec")),
    ], required: ["storageLimit", "persistentVolumeSpec", "persistentVolumeClaimSpec"])

  static let nodeGroupStatus: JSONValue = .fields([("used", .quantity), ("available", .quantity)])
}
