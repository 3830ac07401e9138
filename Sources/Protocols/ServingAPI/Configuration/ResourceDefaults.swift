public import Formats

/// CPU and memory that a container gets where it says nothing; empty texts mean "leave it".
public struct ResourceDefaults: Sendable, Hashable {
  public var cpuRequest = "1"
  public var cpuLimit = "1"
  public var memoryRequest = "2Gi"
  public var memoryLimit = "2Gi"

  public init() {}

  public init(cpuRequest: String, cpuLimit: String, memoryRequest: String, memoryLimit: String) {
    self.cpuRequest = cpuRequest
    self.cpuLimit = cpuLimit
    self.memoryRequest = memoryRequest
    self.memoryLimit = memoryLimit
  }

  /// Fills `resources` of a container, key by key; what is there stays.
  public func fill(_ container: inout JSONValue) {
    let wanted: [(String, String, String)] = [
      ("requests", "cpu", cpuRequest), ("requests", "memory", memoryRequest),
      ("limits", "cpu", cpuLimit), ("limits", "memory", memoryLimit),
    ]
    for (kind, resource, quantity) in wanted where !quantity.isEmpty {
      if container.at("resources", kind, resource) == nil {
        container.set(.string(quantity), at: "resources", kind, resource)
      }
    }
  }

  /// The `resources` member of a container made of these values alone.
  public var json: JSONValue {
    var container: JSONValue = [:]
    fill(&container)
    return container["resources"] ?? [:]
  }
}
