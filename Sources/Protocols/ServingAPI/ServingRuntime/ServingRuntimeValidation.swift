internal import Formats
public import KubeProtocol

/// What admission refuses about a runtime, in upstream's words; pure.
public enum ServingRuntimeValidation {
  /// - Parameter others: the other runtimes of the same kind and namespace.
  public static func causes(_ object: KubeObject, others: [KubeObject]) -> [KubeError.Cause] {
    let runtime = ServingRuntime(object)
    if runtime.isDisabled || object.isBeingDeleted { return [] }
    var causes: [KubeError.Cause] = []
    func add(_ field: String, _ message: String) {
      causes.append(.init(reason: "FieldValueInvalid", message: message, field: field))
    }
    var priorities: [String: Int64?] = [:]
    for (index, format) in runtime.modelFormats.enumerated() where format.isAutoSelected {
      if let known = priorities[format.name], known != format.priority {
        add(
          "spec.supportedModelFormats[\(index)].priority",
          "different priorities assigned for the model format \(format.name) under the servingruntime "
            + "\(runtime.name)"
        )
      }
      priorities[format.name] = format.priority
    }
    for other in others.map(ServingRuntime.init) where other.name != runtime.name {
      guard !other.isDisabled, other.isMultiModel == runtime.isMultiModel,
        !Set(other.protocolVersions).isDisjoint(with: runtime.protocolVersions)
      else { continue }
      for (index, format) in runtime.modelFormats.enumerated() where clashes(format, other) {
        let place =
          runtime.isClusterWide
          ? "clusterservingruntimes \(other.name) and \(runtime.name)"
          : "servingruntimes \(other.name) and \(runtime.name) in namespace \(object.namespace)"
        add(
          "spec.supportedModelFormats[\(index)].priority",
          "same priority assigned for the model format \(format.name) in the \(place)")
      }
    }
    for (index, container) in runtime.containers.enumerated()
    where (container["env"]?.array ?? []).contains(where: { $0["name"]?.string == "PYTHONPATH" }) {
      let name = container["name"]?.string ?? ""
      add(
        "spec.containers[\(index)].env",
        "setting PYTHONPATH in container \"\(name)\" is not allowed for security reasons")
    }
    return causes
  }

  private static func clashes(_ format: ServingRuntime.ModelFormat, _ other: ServingRuntime) -> Bool {
    guard format.isAutoSelected, let priority = format.priority else { return false }
    return other.modelFormats.contains {
      $0.isAutoSelected && $0.priority == priority && $0.name.lowercased() == format.name.lowercased()
        && $0.version == format.version
    }
  }
}
