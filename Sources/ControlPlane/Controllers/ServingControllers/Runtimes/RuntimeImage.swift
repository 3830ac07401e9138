internal import Formats
internal import ServingAPI

/// Which image of a runtime is meant: by version and by whether a GPU is asked for.
enum RuntimeImage {
  /// - Parameters:
  ///   - version: `runtimeVersion` of the service; replaces the tag.
  ///   - container: the merged container, for its GPU limits.
  static func resolve(
    _ image: String, version: String?, serverType: String?, container: JSONValue
  ) -> String {
    // A digest names one image and nothing else.
    if image.contains("@") { return image }
    let (repository, tag) = split(image)
    if let version { return "\(repository):\(version)" }
    let hasGPU = (container.at("resources", "limits")?.object?.keys ?? []).contains {
      $0 == "nvidia.com/gpu" || $0.hasPrefix("nvidia.com/mig")
    }
    switch serverType {
    case "tensorflow-serving", "torchserve", "huggingfaceserver":
      guard hasGPU, let tag, !tag.hasSuffix("-gpu") else { return image }
      return "\(repository):\(tag)-gpu"
    case "vllmserver":
      guard !hasGPU, !repository.hasSuffix("-cpu") else { return image }
      return "\(repository)-cpu" + (tag.map { ":\($0)" } ?? "")
    default: return image
    }
  }

  /// Repository and tag; the colon of a registry's port belongs to the repository.
  private static func split(_ image: String) -> (repository: String, tag: String?) {
    guard let colon = image.lastIndex(of: ":"), !image[colon...].contains("/") else { return (image, nil) }
    return (String(image[..<colon]), String(image[image.index(after: colon)...]))
  }
}
