internal import Formats
internal import KubeProtocol

/// What admission refuses about an LLM service's devices and caches; pure.
enum LLMServiceResources {
  private static let deviceClass = "serving.kserve.io/exp-dra-device-class"
  private static let deviceCount = "serving.kserve.io/exp-dra-device-count"
  private static let others: [String] = [
    "serving.kserve.io/exp-dra-cel-selector", "serving.kserve.io/exp-dra-container-name",
  ]

  /// Annotations that ask for devices to be claimed.
  static func deviceCauses(_ object: KubeObject) -> [KubeError.Cause] {
    let annotations = object.annotations
    let given = ([deviceCount] + others).filter { annotations[$0] != nil }
    var causes: [KubeError.Cause] = []
    if annotations[deviceClass, default: ""].isEmpty, let first = given.first {
      causes.append(.required("metadata.annotations[\(deviceClass)]", "required when \(first) is set"))
    }
    if let text = annotations[deviceCount], (Int64(text) ?? 0) < 1 {
      causes.append(
        .invalid("metadata.annotations[\(deviceCount)]", text, "must be an integer greater than zero"))
    }
    return causes
  }

  /// Each tier behind the GPU's memory is of one kind.
  static func cacheCauses(_ workload: JSONValue, at path: String) -> [KubeError.Cause] {
    let tiers = workload.at("kvCacheOffloading", "secondary")?.array ?? []
    return tiers.enumerated().flatMap { index, tier -> [KubeError.Cause] in
      let field = "\(path).kvCacheOffloading.secondary[\(index)]"
      guard let files = tier.member("fileSystem") else {
        return [.required("\(field).fileSystem", "a tier must say what it is")]
      }
      if let cause = one(of: ["emptyDir", "pvc"], files, "\(field).fileSystem") { return [cause] }
      guard let claim = files.member("pvc") else { return [] }
      return [one(of: ["spec", "ref"], claim, "\(field).fileSystem.pvc")].compactMap { $0 }
    }
  }

  private static func one(of names: [String], _ value: JSONValue, _ field: String) -> KubeError.Cause? {
    let count = names.count { value.member($0) != nil }
    if count == 1 { return nil }
    return .init(
      reason: count == 0 ? "FieldValueRequired" : "FieldValueInvalid",
      message: "exactly one of \(names.joined(separator: ", ")) must be specified", field: field)
  }
}
