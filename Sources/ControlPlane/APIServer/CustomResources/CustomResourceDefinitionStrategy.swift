internal import Basics
internal import Formats
internal import KubeProtocol

/// CustomResourceDefinitions: names and schemas are checked before they are stored, and their status
/// follows at once.
enum CustomResourceDefinitionStrategy {
  static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

  static let strategy = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { definition in
      PodDefaults.change(&definition.json, "spec") { spec in
        PodDefaults.change(&spec, "names") { names in
          if let kind = names["kind"]?.string {
            PodDefaults.setDefault(&names, "singular", .string(kind.lowercased()))
            PodDefaults.setDefault(&names, "listKind", .string(kind + "List"))
          }
        }
        PodDefaults.setDefault(&spec, "conversion", ["strategy": "None"])
      }
    },
    prepareForCreate: { definition, context in
      var finalizers = definition.finalizers
      if !finalizers.contains(cleanupFinalizer) { finalizers.append(cleanupFinalizer) }
      definition.finalizers = finalizers
      definition.status = acceptedStatus(definition, at: context.clock.now().rfc3339)
    },
    prepareForUpdate: { definition, old, context in
      if definition.spec?["names"] != old.spec?["names"] || definition.status == nil {
        definition.status = acceptedStatus(definition, at: context.clock.now().rfc3339)
      }
    },
    validate: { definition, old in validate(definition, old) })

  private static func acceptedStatus(_ definition: KubeObject, at time: String) -> JSONValue {
    let spec = definition.spec ?? [:]
    func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
      [
        "type": .string(type), "status": "True", "lastTransitionTime": .string(time),
        "reason": .string(reason),
        "message": .string(message),
      ]
    }
    let stored = (spec["versions"]?.array ?? []).filter { $0["storage"]?.bool == true }.compactMap {
      $0["name"]
    }
    return [
      "acceptedNames": spec["names"] ?? [:],
      "conditions": [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ],
      "storedVersions": .array(stored),
    ]
  }

  private static func validate(_ definition: KubeObject, _ old: KubeObject?) -> [KubeError.Cause] {
    let spec = definition.spec ?? [:]
    let group = spec["group"]?.string ?? ""
    let plural = spec.at("names", "plural")?.string ?? ""
    var causes: [KubeError.Cause] = []
    if definition.name != "\(plural).\(group)" {
      causes.append(
        KubeError.Cause.invalid(
          "metadata.name", definition.name, "must be spec.names.plural+\".\"+spec.group"))
    }
    if group.split(separator: ".").count < 2 {
      causes.append(KubeError.Cause.invalid("spec.group", group, "should be a domain with at least one dot"))
    }
    if ["k8s.io", "kubernetes.io"].contains(where: { group == $0 || group.hasSuffix(".\($0)") }),
      definition.annotations["api-approved.kubernetes.io"] == nil
    {
      causes.append(
        KubeError.Cause.required("metadata.annotations[api-approved.kubernetes.io]"))
    }
    for field in ["plural", "singular", "kind", "listKind"] {
      let name = spec.at("names", field)?.string ?? ""
      if let problem = LabelSyntax.dnsLabelProblems(name.lowercased()).first {
        causes.append(KubeError.Cause.invalid("spec.names.\(field)", name, problem))
      }
    }
    // What is stored was accepted: a preinstalled definition may refer to built-in schemas, a client's may
    // not.
    if old?.spec != definition.spec { causes += versionCauses(spec) }
    if let old, old.spec?["group"] != spec["group"] || old.spec?["scope"] != spec["scope"] {
      causes.append(KubeError.Cause.invalid("spec.group", group, "field is immutable"))
    }
    return causes
  }

  private static func versionCauses(_ spec: JSONValue) -> [KubeError.Cause] {
    let versions = spec["versions"]?.array ?? []
    var causes: [KubeError.Cause] = []
    if versions.count(where: { $0["storage"]?.bool == true }) != 1 {
      causes.append(
        KubeError.Cause.invalid(
          "spec.versions", versions.compactMap { $0["name"]?.string }.joined(separator: ","),
          "must have exactly one version marked as storage version"))
    }
    var names: Set<String> = []
    for (index, version) in versions.enumerated() {
      let name = version["name"]?.string ?? ""
      let path = "spec.versions[\(index)]"
      if let problem = LabelSyntax.dnsLabelProblems(name).first {
        causes.append(KubeError.Cause.invalid("\(path).name", name, problem))
      } else if !names.insert(name).inserted {
        causes.append(KubeError.Cause.duplicate("\(path).name", name))
      }
      guard let schema = version.at("schema", "openAPIV3Schema") else {
        causes.append(KubeError.Cause.required("\(path).schema.openAPIV3Schema"))
        continue
      }
      do {
        _ = try Schema.structural(openAPIV3: schema, at: "\(path).schema.openAPIV3Schema")
      } catch {
        causes += error.causes
      }
      for (number, column) in (version["additionalPrinterColumns"]?.array ?? []).enumerated() {
        let text = column["jsonPath"]?.string ?? ""
        do {
          _ = try JSONPath(text)
        } catch {
          causes.append(
            KubeError.Cause.invalid(
              "\(path).additionalPrinterColumns[\(number)].jsonPath", text, error.message))
        }
      }
    }
    return causes
  }
}
