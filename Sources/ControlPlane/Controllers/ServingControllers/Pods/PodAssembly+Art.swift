internal import Formats
internal import ServingAPI

/// The pods of the adversarial robustness toolbox.
extension PodAssembly {
  /// Upstream's flags in upstream's order; the user's own arguments follow once (upstream gives them twice).
  mutating func addArt(_ art: ExplainerSpec.ArtExplainer, hasStorage: Bool) {
    pod = component.spec.podSpec
    var container = art.container
    container["name"] = .string(ServingPod.modelContainer)
    if (container["image"]?.string ?? "").isEmpty {
      container["image"] = .string(
        "\(configuration.explainers.artImage):\(art.runtimeVersion ?? configuration.explainers.artVersion)")
    }
    var arguments: [String] = [
      "--model_name", service.name, "--http_port", String(ServingPod.defaultPort), "--predictor_host",
      service.component(.predictor)?.host ?? "",
    ]
    if let workers = component.spec.containerConcurrency { arguments += ["--workers", String(workers)] }
    if hasStorage { arguments += ["--storage_uri", ServingPod.modelPath] }
    arguments += ["--adversary_type", art.type]
    for setting in art.configuration { arguments += ["--\(setting.key)", setting.value] }
    let own = container["args"]?.array ?? []
    container["args"] = .array(arguments.map { .string($0) } + own)
    setContainers([container] + (pod["containers"]?.array ?? []))
  }
}
