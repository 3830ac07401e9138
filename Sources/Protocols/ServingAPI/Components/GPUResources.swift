internal import Formats

/// Which resources of a container are GPUs.
public struct GPUResources: Sendable, Hashable {
  /// Names that count everywhere, the first of which is asked for where nothing else is said.
  public static let known: [String] = ["nvidia.com/gpu", "amd.com/gpu", "intel.com/gpu", "habana.ai/gaudi"]
  private static let ordinary: Set<String> = ["cpu", "memory", "storage", "ephemeral-storage"]

  /// Every name that counts.
  public let names: [String]
  /// Why the annotation was passed over; nil where it is fine.
  public let problem: String?

  /// - Parameters:
  ///   - configured: names of the configuration (`multiNode.customGPUResourceTypeList`).
  ///   - annotations: of the service or runtime; one may hold a JSON list of further names.
  public init(configured: [String] = [], annotations: [String: String] = [:]) {
    var names = Self.known + configured
    var problem: String?
    if let text = annotations[ServingAnnotation.gpuResourceTypes] {
      let elements = (try? JSONValue(parsing: text))?.array
      let further = elements?.compactMap { $0.string?.nonEmpty } ?? []
      if further.isEmpty || further.count != elements?.count {
        problem =
          "the annotation \(ServingAnnotation.gpuResourceTypes) must be a JSON list of resource names, "
          + "not \(text)"
      } else {
        names += further
      }
    }
    self.names = names
    self.problem = problem
  }

  /// Resources of a container that are neither ordinary nor a known GPU, sorted.
  func unknown(in container: JSONValue) -> [String] {
    var found: Set<String> = []
    for kind in ["limits", "requests"] {
      for member in container.at("resources", kind)?.object?.members ?? []
      where !Self.ordinary.contains(member.key) && !names.contains(member.key) {
        found.insert(member.key)
      }
    }
    return found.sorted()
  }

  /// Whether a container's limits ask for an NVIDIA GPU or a slice of one, as upstream decides it for images.
  static func isRequested(by container: JSONValue) -> Bool {
    (container.at("resources", "limits")?.object?.members ?? []).contains {
      $0.key == "nvidia.com/gpu" || $0.key.hasPrefix("nvidia.com/mig")
    }
  }
}
