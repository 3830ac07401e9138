internal import Formats
public import KubeProtocol

/// The serving kinds' CustomResourceDefinitions for any Kubernetes: nothing is referred to, every definition
/// stands where it is used. Each is small enough to be applied by clients, which keep a copy of it in an
/// annotation (262,144 bytes at most).
///
/// To stay that small, parts that are used seldom or stand in several places are open: what they hold is
/// checked by admission against the full schema, not by the API server.
public enum SelfContainedCRDs {
  /// The API server's bound on all annotations of an object together.
  public static let annotationBytes = 262_144

  public static let all: [KubeObject] = ServingCRDs.all.map(expand)

  static func expand(_ definition: KubeObject) -> KubeObject {
    var definition = definition
    var versions: [JSONValue] = []
    for var version in definition.json.at("spec", "versions")?.array ?? [] {
      if let schema = version.at("schema", "openAPIV3Schema") {
        let kind = definition.json.at("spec", "names", "kind")?.string ?? ""
        version.set(SchemaExpansion(kind: kind).expand(schema), at: "schema", "openAPIV3Schema")
      }
      versions.append(version)
    }
    definition.json.set(.array(versions), at: "spec", "versions")
    return definition
  }
}

/// Puts definitions in the place of references to them. Pure; recursion follows the schema.
struct SchemaExpansion {
  private static let prefix = "io.k8s.api.core.v1."
  private static let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"

  /// Definitions that stay open below a path; the longest path that fits decides.
  private struct Rule {
    var path: [String]
    var open: Set<String>
  }

  /// Large or seldom: open everywhere.
  private static let seldom: Set<String> = ["EphemeralContainer", "PersistentVolumeClaimTemplate"]
  private static let bulky: Set<String> = seldom.union(["Affinity", "Volume", "TopologySpreadConstraint"])
  /// What containers hold beside image, command, environment, ports, resources and mounts.
  private static let containerDetails: Set<String> = bulky.union([
    "Lifecycle", "Probe", "SecurityContext", "PodSecurityContext", "ContainerResizePolicy",
    "ContainerRestartRule", "VolumeDevice",
  ])
  private static let everything: Set<String> = ["*"]

  private static let serviceRules: [Rule] =
    [
      Rule(path: ["spec", "canary"], open: everything),
      Rule(path: ["spec", "predictor", "workerSpec"], open: containerDetails),
      Rule(path: ["spec", "explainer"], open: containerDetails),
      Rule(path: ["spec", "transformer"], open: bulky),
    ] + PredictorFramework.all.map { Rule(path: ["spec", "predictor", $0.field], open: containerDetails) }

  private static let rules: [String: [Rule]] = [
    KubeResource.inferenceServices.kind: serviceRules,
    KubeResource.llmInferenceServices.kind: [Rule(path: ["spec"], open: containerDetails)],
    KubeResource.llmInferenceServiceConfigs.kind: [Rule(path: ["spec"], open: containerDetails)],
  ]

  private let rules: [Rule]

  init(kind: String) { rules = Self.rules[kind] ?? [] }

  func expand(_ schema: JSONValue) -> JSONValue { expand(schema, path: []) }

  private func expand(_ schema: JSONValue, path: [String]) -> JSONValue {
    if let reference = schema["$ref"]?.string {
      return expandReference(reference.split(separator: "/").last.map(String.init) ?? reference, path)
    }
    if let alternatives = schema["allOf"]?.array, alternatives.count == 1,
      let reference = alternatives[0]["$ref"]?.string
    {
      var expanded = expandReference(reference.split(separator: "/").last.map(String.init) ?? reference, path)
      for member in schema.object?.members ?? [] where member.key != "allOf" {
        expanded[member.key] = member.value
      }
      return Self.structural(expanded)
    }
    var expanded = schema
    if let properties = schema["properties"]?.object {
      expanded["properties"] = .object(
        JSONObject(properties.members.map { ($0.key, expand($0.value, path: path + [$0.key])) }))
    }
    for name in ["items", "additionalProperties"] {
      if let inner = schema[name], inner.object != nil { expanded[name] = expand(inner, path: path) }
    }
    return Self.structural(expanded)
  }

  private func expandReference(_ name: String, _ path: [String]) -> JSONValue {
    if name == Self.quantity { return ["x-kubernetes-int-or-string": true] }
    guard let definition = BuiltinSchemas.catalog.definitions[name], !isOpen(name, path) else {
      return ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
    }
    return expand(definition.openAPIV3JSON(refPrefix: "#/definitions/"), path: path)
  }

  private func isOpen(_ name: String, _ path: [String]) -> Bool {
    guard name.hasPrefix(Self.prefix) || name.hasPrefix("io.k8s.networking.gateway") else { return false }
    let short = String(name.split(separator: ".").last ?? "")
    let rule = rules.filter { path.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    let open = rule?.open ?? Self.seldom
    return open.contains("*") ? path.count > (rule?.path.count ?? 0) : open.contains(short)
  }

  /// Without what API servers do not take in definitions, and with list keys only where they may stand.
  private static func structural(_ schema: JSONValue) -> JSONValue {
    var schema = schema
    schema["x-kubernetes-patch-merge-key"] = nil
    schema["x-kubernetes-patch-strategy"] = nil
    schema["x-kubernetes-group-version-kind"] = nil
    guard schema["x-kubernetes-list-type"]?.string == "map" else { return schema }
    let required = Set((schema.at("items", "required")?.array ?? []).compactMap(\.string))
    let keys = (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
    let mayStand = keys.allSatisfy { key in
      required.contains(key) || schema.at("items", "properties", key, "default") != nil
    }
    if !mayStand {
      schema["x-kubernetes-list-type"] = "atomic"
      schema["x-kubernetes-list-map-keys"] = nil
    }
    return schema
  }
}
