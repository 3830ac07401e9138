internal import Formats
internal import KubeProtocol
internal import Linux
internal import ServingAPI

/// `apus manifests`: what a cluster needs before anything else, as YAML for `kubectl apply -f -`.
enum ManifestsCommand {
  static let verb = Verb.reporting(
    "manifests", "print the definitions of the serving kinds and the built-in runtimes"
  ) { arguments in
    var parts = ["crds"]
    switch arguments {
    case []: break
    case ["crds"], ["runtimes"], ["config"]: parts = arguments
    case ["all"]: parts = ["crds", "config", "runtimes"]
    default: throw UsageError(message: "usage: apus manifests [crds|runtimes|config|all]")
    }
    StandardStreams.write(text(parts))
    return 0
  }

  static func text(_ parts: [String]) -> String {
    let objects = parts.flatMap(objects)
    return objects.map { YAML.text($0.json) }.joined(separator: "---\n")
  }

  private static func objects(_ part: String) -> [KubeObject] {
    switch part {
    case "crds": return SelfContainedCRDs.all
    case "runtimes": return BuiltInRuntimes.all
    case "config":
      var object = KubeObject(
        .configMaps, namespace: ServingPlatform.namespace, name: ServingPlatform.configMap)
      object["data"] = .object(
        JSONObject(
          DefaultConfiguration.entries(.init()).map { ($0.key, .string($0.value.prettyText())) }))
      return [KubeObject(.namespaces, name: ServingPlatform.namespace), object]
    default: return []
    }
  }
}
