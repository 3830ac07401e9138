internal import Formats
internal import KubeProtocol

/// Namespaces: Active until deleted, then Terminating until empty.
enum NamespaceStrategy {
  static let strategy = ResourceStrategy(
    nameRule: .label, fieldLabels: ["status.phase": ["status", "phase"]],
    applyDefaults: { namespace in
      var labels = namespace.metadata["labels"] ?? [:]
      guard labels["kubernetes.io/metadata.name"]?.string != namespace.name, !namespace.name.isEmpty else {
        return
      }
      labels["kubernetes.io/metadata.name"] = .string(namespace.name)
      var metadata = namespace.metadata
      metadata["labels"] = labels
      namespace.metadata = metadata
    },
    prepareForCreate: { namespace, _ in
      namespace.json.set(["kubernetes"], at: "spec", "finalizers")
      namespace.status = ["phase": "Active"]
    })
}
