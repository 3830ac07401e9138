internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Puts a model's files into a pod: claims are mounted directly, everything else is fetched by an init
/// container.
struct StorageMounts {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  let credentials: any CredentialInjector

  /// One source and where containers see it.
  struct Source {
    var uri: StorageURI
    var mountPath: String
    /// As the user wrote it: a copy that nodes keep lies elsewhere.
    var written: String
  }

  func apply(_ storage: ComponentStorage, to pod: inout JSONValue) throws(ServingFailure) {
    let sources = storage.sources
    let isSingle = storage.isSingle
    let claims = sources.filter { $0.uri.scheme == .pvc }
    let fetched = sources.filter { $0.uri.scheme != .pvc }
    for (index, source) in claims.enumerated() {
      let volume =
        isSingle || claims.count == 1 ? ServingPod.claimVolume : "\(ServingPod.claimVolume)-\(index)"
      mountClaim(source, volume, &pod)
    }
    if !fetched.isEmpty { try addInitializer(fetched, storage, to: &pod) }
  }

  private var isReadOnly: Bool { service.annotations[ServingAnnotation.storageReadOnly] != "false" }

  private func mountClaim(_ source: Source, _ volume: String, _ pod: inout JSONValue) {
    pod.appendUnlessNamed(
      ["name": .string(volume), "persistentVolumeClaim": ["claimName": .string(source.uri.authority)]],
      to: "volumes")
    var mount: JSONValue = ["name": .string(volume), "mountPath": .string(source.mountPath)]
    let path = source.uri.path.split(separator: "/").joined(separator: "/")
    if !path.isEmpty { mount["subPath"] = .string(path) }
    mount["readOnly"] = .bool(isReadOnly)
    mountInModelContainers(mount, &pod)
  }

  private func addInitializer(
    _ sources: [Source], _ storage: ComponentStorage, to pod: inout JSONValue
  ) throws(ServingFailure) {
    guard
      !(pod["initContainers"]?.array ?? []).contains(where: {
        $0["name"]?.string == ServingPod.storageInitializer
      })
    else { return }
    let isSingle = storage.isSingle
    let folder = isSingle ? ServingPod.modelPath : MountPaths.commonParent(sources.map(\.mountPath))
    let volume = isSingle ? ServingPod.provisionVolume : MountPaths.volumeName(folder)
    var container = makeInitializer(sources, volume: volume, folder: folder)
    var volumes = pod["volumes"]?.array ?? []
    if let grant = storage.grant {
      grant.apply(to: &container, &volumes)
    } else {
      credentials.inject(into: &container, volumes: &volumes, uris: sources.map(\.uri), service: service)
    }
    if let own = storage.container { container = try merged(container, with: own) }
    CertificateBundle.apply(
      to: &container, &volumes, namespace: service.namespace, configuration.storageInitializer)
    if !volumes.isEmpty { pod["volumes"] = .array(volumes) }
    pod.appendUnlessNamed(["name": .string(volume), "emptyDir": [:]], to: "volumes")
    // Before the user's own: they may work on the model.
    pod["initContainers"] = .array([container] + (pod["initContainers"]?.array ?? []))
    mountInModelContainers(
      ["name": .string(volume), "mountPath": .string(folder), "readOnly": .bool(isReadOnly)], &pod)
  }

  private func makeInitializer(_ sources: [Source], volume: String, folder: String) -> JSONValue {
    let initializer = configuration.storageInitializer
    return [
      "name": .string(ServingPod.storageInitializer), "image": .string(initializer.image),
      "args": .array(sources.flatMap { [.string($0.uri.text), .string($0.mountPath)] }),
      "env": [
        ["name": "HF_HUB_ENABLE_HF_TRANSFER", "value": "1"],
        ["name": "HF_XET_HIGH_PERFORMANCE", "value": "1"],
        ["name": "HF_XET_NUM_CONCURRENT_RANGE_GETS", "value": "8"],
      ],
      "resources": initializer.resources.json,
      "terminationMessagePolicy": "FallbackToLogsOnError",
      "volumeMounts": [["name": .string(volume), "mountPath": .string(folder)]],
    ]
  }

  /// A ClusterStorageContainer over the platform's own. It keeps the name by which its state is found.
  private func merged(
    _ container: JSONValue, with own: ClusterStorageContainer
  ) throws(ServingFailure) -> JSONValue {
    do throws(PatchError) {
      var merged = try PodMerge.container(base: container, overlay: own.container)
      merged["name"] = .string(ServingPod.storageInitializer)
      return merged
    } catch {
      throw .invalid(
        value: own.name,
        "the container of ClusterStorageContainer \"\(own.name)\" cannot be merged with the program that "
          + "fetches models: \(error.message)", fix: "correct its spec.container")
    }
  }

  private func mountInModelContainers(_ mount: JSONValue, _ pod: inout JSONValue) {
    let names: Set<String> = [
      ServingPod.modelContainer, ServingPod.transformerContainer, ServingPod.workerContainer,
    ]
    guard var containers = pod["containers"]?.array else { return }
    for index in containers.indices where names.contains(containers[index]["name"]?.string ?? "") {
      var mounts = containers[index]["volumeMounts"]?.array ?? []
      // A user's own mount at that place wins.
      guard !mounts.contains(where: { $0["mountPath"] == mount["mountPath"] }) else { continue }
      mounts.append(mount)
      containers[index]["volumeMounts"] = .array(mounts)
      pointToFiles(&containers[index])
    }
    pod["containers"] = .array(containers)
  }

  /// A custom predictor's `STORAGE_URI` becomes the place of the files.
  private func pointToFiles(_ container: inout JSONValue) {
    guard var variables = container["env"]?.array else { return }
    for index in variables.indices
    where variables[index]["name"]?.string == ServingPod.storageURIVariable
      && variables[index]["value"]?.string?.isEmpty == false
    {
      variables[index]["value"] = .string(ServingPod.modelPath)
    }
    container["env"] = .array(variables)
  }
}

extension JSONValue {
  /// Appends to a list of named objects unless the name is there.
  mutating func appendUnlessNamed(_ element: JSONValue, to list: String) {
    var elements = self[list]?.array ?? []
    guard !elements.contains(where: { $0["name"] == element["name"] }) else { return }
    elements.append(element)
    self[list] = .array(elements)
  }
}
