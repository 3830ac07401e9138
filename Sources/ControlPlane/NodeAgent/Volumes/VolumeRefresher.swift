internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// Brings changes of ConfigMaps into the volumes of pods that run, as a kubelet does. Volumes that are
/// mounted by `subPath` and variables stay as they were when the container started.
struct VolumeRefresher: Sendable {
  private static let mountIndex = "mounted-configmaps"

  private let context: NodeContext
  private let pods: Informer
  private let configMaps: Informer

  /// Asks `informers` for what it needs; somebody else runs them.
  init(context: NodeContext, informers: SharedInformers) {
    self.context = context
    pods = informers.informer(.pods)
    configMaps = informers.informer(.configMaps)
    pods.addIndex(Self.mountIndex) { pod in
      Self.volumes(of: pod).map { ObjectKey(namespace: pod.namespace, name: $0.configMap).description }
    }
  }

  /// Works until the task is cancelled.
  func run() async {
    let (changes, continuation) = AsyncStream.makeStream(of: ObjectKey.self)
    configMaps.onChange { change in
      if !change.isDeletion { continuation.yield(change.object.key) }
    }
    // A ConfigMap may change while a pod that mounts it is being made.
    pods.onChange { change in
      guard !change.isDeletion else { return }
      for volume in Self.volumes(of: change.object) {
        continuation.yield(ObjectKey(namespace: change.object.namespace, name: volume.configMap))
      }
    }
    for await key in changes { await refresh(key) }
  }

  private func refresh(_ key: ObjectKey) async {
    guard let configMap = configMaps.get(key) else { return }
    for pod in pods.byIndex(Self.mountIndex, key.description)
    where PodSpec(pod).nodeName == context.settings.name {
      let directory = PodDirectory(dataDirectory: context.settings.dataDirectory, uid: pod.uid)
      for volume in Self.volumes(of: pod) where volume.configMap == key.name {
        let data = PodReferences.configMapData(configMap)
        do {
          try await context.workers.run { try directory.refresh(volume.name, data, volume.files) }
        } catch {
          context.log.warning(
            "a volume is out of date",
            ["pod": pod.key.description, "configMap": key.description, "cause": "\(error)"])
        }
      }
    }
  }

  private struct Mounted {
    var name: String
    var configMap: String
    /// From key to file; nil for all keys under their own names.
    var files: [String: String]?
  }

  private static func volumes(of pod: KubeObject) -> [Mounted] {
    (pod.json.at("spec", "volumes")?.array ?? []).compactMap { volume in
      guard let name = volume["name"]?.string, VolumePlan.isComponent(name),
        let source = volume["configMap"], let configMap = source["name"]?.string
      else { return nil }
      let items = source["items"]?.array
      let files = items.map { items in
        Dictionary(
          items.compactMap { item -> (String, String)? in
            guard let key = item["key"]?.string, let path = item["path"]?.string else { return nil }
            return (key, path)
          }, uniquingKeysWith: { first, _ in first })
      }
      return Mounted(name: name, configMap: configMap, files: files)
    }
  }
}

extension PodDirectory {
  /// Writes the files of a volume that differ from the data, each at one go, and removes those whose keys are
  /// gone. Nothing happens before the volume was made.
  func refresh(_ name: String, _ data: [String: Bytes], _ files: [String: String]?) throws {
    let folder = volume(name)
    guard Files.exists(folder) else { return }
    for (key, bytes) in data {
      guard let path = files.map({ $0[key] }) ?? key, VolumePlan.isSafeRelativePath(path) else { continue }
      let target = "\(folder)/\(path)"
      if let old = try? Files.read(target, limit: 4 << 20), old == bytes { continue }
      let temporary = "\(folder)/.\(path.split(separator: "/").joined(separator: "."))-new"
      let file = try Files.open(temporary, .write)
      try file.writeAll(bytes)
      try Files.rename(temporary, to: target)
    }
    guard files == nil else { return }
    for file in try Files.list(folder) where !file.hasPrefix(".") && data[file] == nil {
      try Files.removeFile("\(folder)/\(file)")
    }
  }
}
