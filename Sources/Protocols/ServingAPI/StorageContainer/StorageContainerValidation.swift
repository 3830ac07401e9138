internal import Formats
public import KubeProtocol

/// What admission refuses about a ClusterStorageContainer; pure. Upstream has no such check: there, a faulty
/// regular expression stops the services that meet it.
public enum StorageContainerValidation {
  public static func causes(_ object: KubeObject) -> [KubeError.Cause] {
    let storage = ClusterStorageContainer(object)
    if object.isBeingDeleted || storage.isDisabled { return [] }
    var causes: [KubeError.Cause] = []
    for (index, format) in storage.uriFormats.enumerated() {
      let path = "spec.supportedUriFormats[\(index)]"
      if format.prefix == nil && format.regex == nil {
        causes.append(.required(path, "prefix or regex says which URIs are fetched"))
      }
      guard let regex = format.regex else { continue }
      do throws(Pattern.Failure) {
        _ = try Pattern(regex)
      } catch {
        causes.append(.invalid("\(path).regex", regex, error.message))
      }
    }
    if storage.workloadType == nil {
      causes.append(
        .notSupported(
          "spec.workloadType", object.spec?["workloadType"]?.string ?? "",
          ClusterStorageContainer.WorkloadType.allCases.map(\.rawValue)))
    }
    return causes
  }
}
