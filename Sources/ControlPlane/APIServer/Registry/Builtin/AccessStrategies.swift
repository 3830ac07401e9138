internal import Formats
internal import KubeProtocol

/// Roles and their bindings.
enum AccessStrategies {
  static let group = "rbac.authorization.k8s.io"

  static let role = ResourceStrategy(
    nameRule: .pathSegment, validate: { role, _ in ruleCauses(role, allowsPaths: false) })

  static let clusterRole = ResourceStrategy(
    nameRule: .pathSegment, validate: { role, _ in ruleCauses(role, allowsPaths: true) })

  static let roleBinding = ResourceStrategy(
    nameRule: .pathSegment, applyDefaults: applyDefaults,
    validate: { binding, old in bindingCauses(binding, old, kinds: ["Role", "ClusterRole"]) })

  static let clusterRoleBinding = ResourceStrategy(
    nameRule: .pathSegment, applyDefaults: applyDefaults,
    validate: { binding, old in bindingCauses(binding, old, kinds: ["ClusterRole"]) })

  private static let applyDefaults: @Sendable (inout KubeObject) -> Void = { binding in
    PodDefaults.change(&binding.json, "roleRef") { PodDefaults.setDefault(&$0, "apiGroup", .string(group)) }
    PodDefaults.changeElements(of: &binding.json, "subjects") { subject in
      if subject["kind"] != "ServiceAccount" { PodDefaults.setDefault(&subject, "apiGroup", .string(group)) }
    }
  }

  private static func ruleCauses(_ role: KubeObject, allowsPaths: Bool) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for (index, rule) in (role["rules"]?.array ?? []).enumerated() {
      let place = "rules[\(index)]"
      func isEmpty(_ field: String) -> Bool { rule[field]?.array?.isEmpty ?? true }
      if isEmpty("verbs") {
        causes.append(.required("\(place).verbs", "verbs must contain at least one value"))
      }
      if !isEmpty("nonResourceURLs") {
        if !allowsPaths {
          causes.append(
            .invalid(
              "\(place).nonResourceURLs", rule["nonResourceURLs"]?.encodedText ?? "",
              "namespaced rules cannot apply to non-resource URLs"))
        }
        if !isEmpty("apiGroups") || !isEmpty("resources") || !isEmpty("resourceNames") {
          causes.append(
            .invalid(
              "\(place).nonResourceURLs", rule["nonResourceURLs"]?.encodedText ?? "",
              "rules cannot apply to both regular resources and non-resource URLs"))
        }
        continue
      }
      if isEmpty("apiGroups") {
        causes.append(.required("\(place).apiGroups", "resource rules must supply at least one api group"))
      }
      if isEmpty("resources") {
        causes.append(.required("\(place).resources", "resource rules must supply at least one resource"))
      }
    }
    return causes
  }

  private static func bindingCauses(
    _ binding: KubeObject, _ old: KubeObject?, kinds: [String]
  ) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    let role = binding["roleRef"] ?? [:]
    if let old, old["roleRef"] != binding["roleRef"] {
      return [.invalid("roleRef", role.encodedText, "cannot change roleRef")]
    }
    if role["apiGroup"]?.string != group {
      causes.append(.notSupported("roleRef.apiGroup", role["apiGroup"]?.string ?? "", [group]))
    }
    if !kinds.contains(role["kind"]?.string ?? "") {
      causes.append(.notSupported("roleRef.kind", role["kind"]?.string ?? "", kinds))
    }
    if role["name"]?.string?.isEmpty ?? true { causes.append(.required("roleRef.name")) }
    for (index, subject) in (binding["subjects"]?.array ?? []).enumerated() {
      let place = "subjects[\(index)]"
      if subject["name"]?.string?.isEmpty ?? true { causes.append(.required("\(place).name")) }
      switch subject["kind"]?.string ?? "" {
      case "ServiceAccount":
        if subject["namespace"]?.string?.isEmpty ?? true { causes.append(.required("\(place).namespace")) }
      case "User", "Group": break
      case let other:
        causes.append(.notSupported("\(place).kind", other, ["ServiceAccount", "User", "Group"]))
      }
    }
    return causes
  }
}
