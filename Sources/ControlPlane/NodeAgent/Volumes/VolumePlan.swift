internal import Basics
internal import Formats
internal import KubeProtocol

/// Where a persistent volume claim's data lies on this machine: namespace and claim name in, a folder out;
/// nil for claims that nobody offers.
public typealias ClaimResolver = @Sendable (_ namespace: String, _ claim: String) -> String?

/// What has to be on the disk before a pod's containers can start. Pure: made from the spec, carried out
/// elsewhere.
struct VolumePlan: Sendable, Hashable {
  struct File: Sendable, Hashable {
    /// Relative, without `..`.
    var path: String
    var bytes: Bytes
    var mode: UInt32
  }

  enum Content: Sendable, Hashable {
    /// A folder of the pod's own, kept until the pod goes.
    case empty
    /// A folder with these files.
    case files([File])
    /// A path of the machine.
    case host(path: String, createDirectory: Bool, mustExist: Bool)
  }

  /// By the volume's name.
  var contents: [String: Content] = [:]

  init(
    pod: PodSpec, downward: DownwardAPI, references: PodReferences, claims: ClaimResolver
  ) throws(ContainerConfigurationError) {
    for volume in pod.volumes {
      guard let name = volume["name"]?.string, Self.isComponent(name) else {
        throw ContainerConfigurationError(description: "a volume has no usable name")
      }
      let builder = VolumeContentBuilder(pod: pod, downward: downward, references: references)
      contents[name] = try Self.content(volume, name, builder, claims)
    }
  }

  private static func content(
    _ volume: JSONValue, _ name: String, _ builder: VolumeContentBuilder, _ claims: ClaimResolver
  ) throws(ContainerConfigurationError) -> Content {
    if volume["emptyDir"] != nil { return .empty }
    if let source = volume["hostPath"], let path = source["path"]?.string {
      let type = source["type"]?.string ?? ""
      return .host(
        path: path, createDirectory: type == "DirectoryOrCreate",
        mustExist: type == "Directory" || type == "File")
    }
    if let claim = volume.at("persistentVolumeClaim", "claimName")?.string {
      guard let path = claims(builder.pod.object.namespace, claim) else {
        throw ContainerConfigurationError(
          description:
            "persistentvolumeclaim \"\(claim)\" not found, or not bound to a folder of this machine: make a "
            + "PersistentVolumeClaim of that name, or start with a folder as a claim (`apus up --samples "
            + "DIR` offers the claim \"samples\")")
      }
      return .host(path: path, createDirectory: false, mustExist: true)
    }
    if let files = try builder.files(of: volume) { return .files(files) }
    let kinds = (volume.object?.keys ?? []).filter { $0 != "name" }
    // No source at all means emptyDir.
    if kinds.isEmpty { return .empty }
    throw ContainerConfigurationError(
      description:
        "volume \"\(name)\": \(kinds.joined(separator: ", ")) is not supported on this node; supported are "
        + "emptyDir, configMap, secret, downwardAPI, projected, hostPath and persistentVolumeClaim")
  }

  /// A name that is one path component.
  static func isComponent(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.utf8.contains(0)
  }

  /// A relative path that stays below where it starts.
  static func isSafeRelativePath(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && path.split(separator: "/").allSatisfy { isComponent(String($0)) }
  }
}

/// Turns the sources of a volume into files.
struct VolumeContentBuilder: Sendable {
  var pod: PodSpec
  var downward: DownwardAPI
  var references: PodReferences

  /// Nil where the volume is none that consists of files.
  func files(of volume: JSONValue) throws(ContainerConfigurationError) -> [VolumePlan.File]? {
    for member in ["configMap", "secret", "downwardAPI"] {
      guard let source = volume[member], source.object != nil else { continue }
      return try files(member, source, defaultMode: Self.mode(source["defaultMode"], 0o644))
    }
    guard let projected = volume["projected"], projected.object != nil else { return nil }
    let mode = Self.mode(projected["defaultMode"], 0o644)
    var all: [String: VolumePlan.File] = [:]
    for source in projected["sources"]?.array ?? [] {
      for member in source.object?.members ?? [] {
        for file in try files(member.key, member.value, defaultMode: mode) { all[file.path] = file }
      }
    }
    return all.values.sorted { $0.path < $1.path }
  }

  private func files(
    _ member: String, _ source: JSONValue, defaultMode: UInt32
  ) throws(ContainerConfigurationError) -> [VolumePlan.File] {
    switch member {
    case "configMap":
      return try dataFiles(
        "configmap", source["name"]?.string ?? "", references.configMaps, source, defaultMode)
    case "secret":
      let name = source["secretName"]?.string ?? source["name"]?.string ?? ""
      return try dataFiles("secret", name, references.secrets, source, defaultMode)
    case "downwardAPI": return try downwardFiles(source, defaultMode)
    case "serviceAccountToken":
      let path = try checkedPath(source)
      // Without an account there is no token, and an empty file would only look like one.
      guard let token = references.tokens[source["audience"]?.string ?? ""] else { return [] }
      return [VolumePlan.File(path: path, bytes: token, mode: 0o600)]
    default:
      throw ContainerConfigurationError(
        description: "projected volume: source \(member) is not supported on this node")
    }
  }

  private func dataFiles(
    _ kind: String, _ name: String, _ objects: [String: [String: Bytes]], _ source: JSONValue, _ mode: UInt32
  ) throws(ContainerConfigurationError) -> [VolumePlan.File] {
    let isOptional = source["optional"]?.bool == true
    guard let data = objects[name] else {
      if isOptional { return [] }
      throw ContainerConfigurationError(description: "\(kind) \"\(name)\" not found")
    }
    guard let items = source["items"]?.array else {
      return data.sorted { $0.key < $1.key }.filter { VolumePlan.isComponent($0.key) }
        .map { VolumePlan.File(path: $0.key, bytes: $0.value, mode: mode) }
    }
    var files: [VolumePlan.File] = []
    for item in items {
      let key = item["key"]?.string ?? ""
      let path = try checkedPath(item)
      guard let bytes = data[key] else {
        if isOptional { continue }
        throw ContainerConfigurationError(description: "key \"\(key)\" not found in \(kind) \"\(name)\"")
      }
      files.append(VolumePlan.File(path: path, bytes: bytes, mode: Self.mode(item["mode"], mode)))
    }
    return files
  }

  private func downwardFiles(
    _ source: JSONValue, _ mode: UInt32
  ) throws(ContainerConfigurationError) -> [VolumePlan.File] {
    var files: [VolumePlan.File] = []
    for item in source["items"]?.array ?? [] {
      let path = try checkedPath(item)
      let value: String?
      if let field = item.at("fieldRef", "fieldPath")?.string {
        value = downward.field(field)
      } else if let reference = item["resourceFieldRef"],
        let container = reference["containerName"]?.string.flatMap(pod.container)
      {
        value = downward.resource(reference, container: container)
      } else {
        value = nil
      }
      guard let value else {
        throw ContainerConfigurationError(
          description: "downwardAPI: the source of \"\(path)\" cannot be resolved")
      }
      files.append(VolumePlan.File(path: path, bytes: Bytes(value.utf8), mode: Self.mode(item["mode"], mode)))
    }
    return files
  }

  private func checkedPath(_ item: JSONValue) throws(ContainerConfigurationError) -> String {
    let path = item["path"]?.string ?? ""
    guard VolumePlan.isSafeRelativePath(path) else {
      throw ContainerConfigurationError(
        description: "the path \"\(path)\" in a volume must be relative, without \"..\"")
    }
    return path
  }

  private static func mode(_ value: JSONValue?, _ fallback: UInt32) -> UInt32 {
    value?.int.flatMap(UInt32.init(exactly:)).map { $0 & 0o777 } ?? fallback
  }
}
