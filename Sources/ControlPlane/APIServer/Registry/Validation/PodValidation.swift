internal import Formats
internal import KubeProtocol

/// Rules for pod specs beyond the schema, in upstream's words. Written for specs whose defaults are in place.
enum PodValidation {
  private static let notNegative = "must be greater than or equal to 0"

  static func causes(_ spec: JSONValue, at path: String) -> [KubeError.Cause] {
    var causes = volumeCauses(spec, at: "\(path).volumes")
    let volumes = Set((spec["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
    if spec["containers"]?.array?.isEmpty ?? true { causes.append(.required("\(path).containers")) }
    var names: Set<String> = []
    for field in ["containers", "initContainers"] {
      for (index, container) in (spec[field]?.array ?? []).enumerated() {
        let place = "\(path).\(field)[\(index)]"
        causes += nameCauses(container, &names, at: "\(place).name")
        causes += ContainerValidation(place: place, volumes: volumes).causes(container)
      }
    }
    causes += supported(
      spec, "restartPolicy", ["Always", "OnFailure", "Never"], at: path)
    causes += supported(
      spec, "dnsPolicy", ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], at: path)
    if let grace = spec["terminationGracePeriodSeconds"]?.int, grace < 0 {
      causes.append(.invalid("\(path).terminationGracePeriodSeconds", grace, notNegative))
    }
    if let deadline = spec["activeDeadlineSeconds"]?.int, !(1...2_147_483_647).contains(deadline) {
      causes.append(
        .invalid("\(path).activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive"))
    }
    for field in ["hostname", "subdomain"] {
      if let name = spec[field]?.string, !name.isEmpty {
        causes += LabelSyntax.dnsLabelProblems(name).map { .invalid("\(path).\(field)", name, $0) }
      }
    }
    causes += nodeSelectorCauses(spec, at: "\(path).nodeSelector")
    return causes
  }

  /// The labels and annotations that pods of a template get; `path` is the template's.
  static func templateCauses(_ template: JSONValue, at path: String) -> [KubeError.Cause] {
    ObjectNames.labelCauses(template.at("metadata", "labels"), at: "\(path).labels")
      + ObjectNames.annotationCauses(template.at("metadata", "annotations"), at: "\(path).annotations")
      + causes(template["spec"] ?? [:], at: "\(path).spec")
  }

  /// A member that is a text from a list; absent and empty ones are the defaults' concern.
  static func supported(
    _ value: JSONValue, _ field: String, _ supported: [String], at path: String
  ) -> [KubeError.Cause] {
    guard let text = value[field]?.string, !text.isEmpty, !supported.contains(text) else { return [] }
    return [.notSupported("\(path).\(field)", text, supported)]
  }

  private static func nameCauses(
    _ element: JSONValue, _ names: inout Set<String>, at field: String
  ) -> [KubeError.Cause] {
    let name = element["name"]?.string ?? ""
    if name.isEmpty { return [.required(field)] }
    let problems = LabelSyntax.dnsLabelProblems(name)
    if !problems.isEmpty { return problems.map { .invalid(field, name, $0) } }
    return names.insert(name).inserted ? [] : [.duplicate(field, name)]
  }

  private static func volumeCauses(_ spec: JSONValue, at path: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var names: Set<String> = []
    for (index, volume) in (spec["volumes"]?.array ?? []).enumerated() {
      let place = "\(path)[\(index)]"
      causes += nameCauses(volume, &names, at: "\(place).name")
      let sources = (volume.object ?? [:]).members.filter { $0.key != "name" && !$0.value.isNull }
        .map(\.key)
      if sources.count > 1 {
        causes.append(.forbidden("\(place).\(sources[1])", "may not specify more than 1 volume type"))
      }
      if let limit = volume.at("emptyDir", "sizeLimit"), !limit.isNull {
        causes += QuantityValidation.causes(limit, at: "\(place).emptyDir.sizeLimit")
      }
    }
    return causes
  }

  private static func nodeSelectorCauses(_ spec: JSONValue, at path: String) -> [KubeError.Cause] {
    ObjectNames.labelCauses(spec["nodeSelector"], at: path)
  }
}
