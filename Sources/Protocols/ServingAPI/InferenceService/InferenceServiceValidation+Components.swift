internal import Formats
internal import KubeProtocol

extension InferenceServiceValidation {
  mutating func checkReplicas(_ path: String, _ component: ComponentSpec) {
    if let concurrency = component.containerConcurrency, concurrency < 0 {
      add("\(path).containerConcurrency", "parallelism cannot be less than 0")
    }
    if let percent = component.canaryTrafficPercent, !(0...100).contains(percent) {
      add("\(path).canaryTrafficPercent", "a share of the traffic is 0 to 100 percent, not \(percent)")
    }
    if let seconds = component.json["timeout"]?.int, seconds < 0 {
      add("\(path).timeout", "a request cannot take less than 0 seconds")
    }
    if let seconds = component.timeoutSeconds, seconds > RouteDuration.maximumSeconds {
      add(
        "\(path).timeout",
        "a request can take at most \(RouteDuration.maximumSeconds) seconds, which is what a route can say, "
          + "not \(seconds)")
    }
    let minimum = component.minReplicas ?? 1
    let maximum = component.maxReplicas ?? 0
    if minimum < 0 { add("\(path).minReplicas", "'MinReplicas' cannot be less than 0") }
    if maximum < 0 { add("\(path).maxReplicas", "'MaxReplicas' cannot be less than 0") }
    if maximum > 0 && minimum > maximum {
      add("\(path).minReplicas", "'MinReplicas' cannot be greater than MaxReplicas")
    }
  }

  mutating func checkLogger(_ path: String, _ component: ComponentSpec) {
    guard let logger = component.json["logger"], logger.object != nil else { return }
    if let mode = logger["mode"], LoggerSpec.Mode(rawValue: mode.string ?? "") == nil {
      add("\(path).logger.mode", "invalid logger type", reason: "FieldValueNotSupported")
    }
    guard let storage = logger["storage"], storage.object != nil else { return }
    let isComplete =
      storage["path"]?.string?.isEmpty == false && storage["parameters"]?.object?.isEmpty == false
      && storage["key"]?.string?.isEmpty == false
    if !isComplete { add("\(path).logger.storage", "invalid logger storage configuration") }
  }

  mutating func checkStorageURIs(_ path: String, _ component: ComponentSpec) {
    var claimPaths: Set<String> = []
    var otherPaths: [String] = []
    for (index, entry) in component.storageURIs.enumerated() {
      let field = "\(path).storageUris[\(index)]"
      if entry.uri.isEmpty {
        add("\(field).uri", "storage URI cannot be empty", reason: "FieldValueRequired")
        continue
      }
      do throws(StorageURI.Failure) {
        _ = try StorageURI(entry.uri, containers: storageContainers)
      } catch {
        add("\(field).uri", error.description)
      }
      if let problem = Self.mountPathProblem(entry.mountPath) {
        add("\(field).mountPath", problem)
        continue
      }
      if entry.uri.hasPrefix("pvc://") {
        if !claimPaths.insert(entry.mountPath).inserted {
          add("\(field).mountPath", "PVC storage paths must be unique")
        }
      } else {
        otherPaths.append(entry.mountPath)
      }
    }
    if otherPaths.count > 1 && MountPaths.commonParent(otherPaths) == "/" {
      add(
        "\(path).storageUris",
        "storage paths must have a common parent directory: put them all under one folder, as "
          + "/mnt/models/<name>"
      )
    }
  }

  private static func mountPathProblem(_ mountPath: String) -> String? {
    if mountPath == "/" || mountPath.isEmpty { return "storage path cannot be empty" }
    if !mountPath.hasPrefix("/") { return "storage path must be absolute" }
    if mountPath.split(separator: "/").contains("..") {
      return "storage path cannot contain '..' for security reasons"
    }
    return nil
  }
}
