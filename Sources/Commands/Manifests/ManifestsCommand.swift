internal import Formats
internal import KubeProtocol
internal import Linux
internal import ServingAPI

/// `apus manifests`: what a cluster needs before anything else, as YAML for `kubectl apply -f -`.
enum ManifestsCommand {
  static let verb = Verb.reporting(
    "manifests", "print the definitions of the serving kinds and the built-in runtimes"
  ) { arguments in
    let arguments = try Arguments(arguments, grammar: Arguments.Grammar(options: ["image"]))
    let image = arguments.value("image")
    switch arguments.positional {
    case ["webhook"]:
      guard let image else {
        throw UsageError(message: "webhook needs --image IMAGE: one that holds the program apus")
      }
      StandardStreams.write(text(of: WebhookManifests(image: image).objects()))
      return 0
    case _ where image != nil: throw UsageError(message: "--image is the webhook's alone")
    case []: StandardStreams.write(text(["crds"]))
    case ["crds"], ["runtimes"], ["config"]: StandardStreams.write(text(arguments.positional))
    case ["all"]: StandardStreams.write(text(["crds", "config", "runtimes"]))
    default: throw UsageError(message: "usage: apus manifests [crds|runtimes|config|all|webhook]")
    }
    return 0
  }

  static func text(_ parts: [String]) -> String {
    text(of: parts.flatMap(objects))
  }

  private static func text(of objects: [KubeObject]) -> String {
    objects.map { YAML.text($0.json) }.joined(separator: "---\n")
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
