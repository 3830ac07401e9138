public import Formats
public import KubeProtocol

/// `serving.kserve.io/v1alpha1 ClusterStorageContainer`: a program that fetches models of some URIs.
public struct ClusterStorageContainer: Sendable, Hashable {
  /// For what a container is used.
  public enum WorkloadType: String, Sendable, Hashable, CaseIterable {
    /// Before the model's server starts, in its pod.
    case initContainer
    /// Into a node's cache.
    case localModelDownloadJob
  }

  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  /// Stands beside `spec`, as in upstream.
  public var isDisabled: Bool { object["disabled"]?.bool ?? false }
  public var container: JSONValue { object.spec?["container"] ?? [:] }
  public var supportsSeveralModels: Bool { object.spec?["supportsMultiModelDownload"]?.bool ?? false }
  /// Nil for a name that is neither of the two.
  public var workloadType: WorkloadType? {
    guard let text = object.spec?.nonEmptyText("workloadType") else { return .initContainer }
    return WorkloadType(rawValue: text)
  }
  public var uriFormats: [URIFormat] {
    (object.spec?["supportedUriFormats"]?.array ?? []).map(URIFormat.init(json:))
  }

  /// Whether one of its formats takes a URI. A regular expression that cannot be used matches nothing
  /// (admission has refused it).
  public func supports(_ uri: String) -> Bool { uriFormats.contains { $0.matches(uri) } }

  var isFitForInitContainer: Bool { !isDisabled && workloadType == .initContainer }

  /// The container that fetches a model into its pod: the one that is named, which must be fit, else the
  /// first fit one.
  public static func forInitContainer(
    uri: String, named name: String?, among all: [ClusterStorageContainer]
  ) throws(StorageContainerError) -> ClusterStorageContainer? {
    guard let name else {
      return all.first { $0.isFitForInitContainer && $0.supports(uri) }
    }
    guard let container = all.first(where: { $0.name == name }) else {
      throw StorageContainerError("the ClusterStorageContainer \"\(name)\" does not exist")
    }
    if container.isDisabled {
      throw StorageContainerError("the ClusterStorageContainer \"\(name)\" is disabled")
    }
    guard container.workloadType == .initContainer else {
      throw StorageContainerError(
        "the ClusterStorageContainer \"\(name)\" has the workloadType "
          + "\"\(container.object.spec?["workloadType"]?.string ?? "")\"; initContainer is needed")
    }
    guard container.supports(uri) else {
      throw StorageContainerError("the ClusterStorageContainer \"\(name)\" does not support \"\(uri)\"")
    }
    return container
  }

  /// One entry of `supportedUriFormats`.
  public struct URIFormat: Sendable, Hashable {
    public var prefix: String?
    public var regex: String?

    public init(json: JSONValue) {
      prefix = json.nonEmptyText("prefix")
      regex = json.nonEmptyText("regex")
    }

    func matches(_ uri: String) -> Bool {
      if let prefix { return uri.hasPrefix(prefix) }
      guard let regex, let pattern = try? Pattern(regex) else { return false }
      return (try? pattern.matches(uri)) ?? false
    }
  }
}

/// Why a storage container that was asked for by name cannot be used.
public struct StorageContainerError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
