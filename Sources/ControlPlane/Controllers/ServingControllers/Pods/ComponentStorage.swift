internal import Formats
internal import ServingAPI

/// Where a component's files come from.
struct ComponentStorage {
  /// In the user's order.
  var sources: [StorageMounts.Source] = []
  /// From `storageUri`, which has upstream's fixed volume names.
  var isSingle = true

  /// Credentials of the storage secret, where `storage` names its entry; nil where the ServiceAccount has
  /// them.
  var grant: CredentialGrant?
  /// What fetches them beside the platform's own program; nil where nothing does.
  var container: ClusterStorageContainer?

  /// - Parameter containers: by name, as the API lists them.
  init(
    _ component: Component, _ credentials: any CredentialInjector,
    _ containers: [ClusterStorageContainer] = []
  ) throws(ServingFailure) {
    if let cached = try Self.cached(component) {
      sources = [cached]
      return
    }
    try addSources(component, credentials, containers)
    try choose(component, among: containers)
  }

  private mutating func addSources(
    _ component: Component, _ credentials: any CredentialInjector, _ containers: [ClusterStorageContainer]
  ) throws(ServingFailure) {
    if let storage = Self.storage(component) {
      let reference = try credentials.reference(
        storage, address: Self.single(component), service: component.service)
      grant = reference.grant
      try add(reference.uri, at: ServingPod.modelPath)
      return
    }
    var texts: [(uri: String, mountPath: String)] = []
    if let uri = Self.single(component) {
      texts = [(uri, ServingPod.modelPath)]
    } else {
      texts = component.spec.storageURIs.map { ($0.uri, $0.mountPath) }
      isSingle = false
    }
    for text in texts {
      let uri: StorageURI
      do throws(StorageURI.Failure) {
        uri = try StorageURI(text.uri, containers: containers)
      } catch {
        throw ServingFailure.invalid(.badSource, value: text.uri, error.description, fix: "")
      }
      try add(uri, at: text.mountPath)
    }
  }

  /// The copy that nodes keep of a predictor's model, as admission has written it down: it is mounted.
  private static func cached(_ component: Component) throws(ServingFailure) -> StorageMounts.Source? {
    guard component.kind == .predictor, let match = LocalModelMatch(component.service.object),
      let written = component.service.predictor.storageURI, let path = match.subPath(of: written)
    else { return nil }
    let text = "pvc://\(match.claim)/models/\(LocalModelStorage.key(of: match.sourceURI))/\(path)"
    do throws(StorageURI.Failure) {
      return StorageMounts.Source(
        uri: try StorageURI(text), mountPath: ServingPod.modelPath, written: written)
    } catch {
      throw ServingFailure.invalid(.badSource, value: written, error.description, fix: "")
    }
  }

  /// The ClusterStorageContainer that is named, or the first that takes what is to be fetched first.
  private mutating func choose(
    _ component: Component, among containers: [ClusterStorageContainer]
  ) throws(ServingFailure) {
    guard let first = sources.first(where: { $0.uri.scheme != .pvc }) else { return }
    do throws(StorageContainerError) {
      container = try ClusterStorageContainer.forInitContainer(
        uri: first.uri.text, named: component.spec.storageContainerName, among: containers)
    } catch {
      throw ServingFailure.invalid(
        value: component.spec.storageContainerName ?? "", error.description,
        fix: "name another one in spec.\(component.kind.rawValue).storageContainerName, or leave it out")
    }
    guard let container, !isSingle, !container.supportsSeveralModels else { return }
    throw ServingFailure.invalid(
      value: container.name,
      "storage container \"\(container.name)\" does not support multi-model download",
      fix: "use the default kserve storage initializer or a compatible storage container for "
        + "spec.\(component.kind.rawValue).storageUris")
  }

  private mutating func add(_ uri: StorageURI, at mountPath: String) throws(ServingFailure) {
    do throws(StorageURI.Failure) {
      try Self.checkFetchable(uri)
    } catch {
      throw ServingFailure.invalid(.badSource, value: uri.text, error.description, fix: "")
    }
    sources.append(.init(uri: uri, mountPath: mountPath, written: uri.text))
  }

  /// A `storage` that says where the model lies or with which credentials it is fetched; one with nothing but
  /// a schema's path says neither.
  private static func storage(_ component: Component) -> StorageSpec? {
    let service = component.service
    let storage =
      switch component.kind {
      case .predictor: service.predictor.model?.storage
      case .transformer: StorageSpec?.none
      case .explainer: service.explainer?.art?.storage
      }
    guard let storage else { return nil }
    let isEmpty = storage.key == nil && storage.path == nil && storage.parameters.isEmpty
    return isEmpty && single(component) != nil ? nil : storage
  }

  private static func single(_ component: Component) -> String? {
    let service = component.service
    switch component.kind {
    case .predictor:
      if let uri = service.predictor.model?.storageURI, !uri.isEmpty { return uri }
      return service.predictor.isCustom ? ownStorageURI(component.spec) : nil
    case .transformer: return nil
    case .explainer: return service.explainer?.art?.storageURI
    }
  }

  private static func checkFetchable(_ uri: StorageURI) throws(StorageURI.Failure) {
    switch uri.scheme {
    case .oci, .ociNative, .ociFetch, .ociModelcar:
      throw StorageURI.Failure(
        "the model \"\(uri.text)\" is an OCI image, which this release cannot mount; copy the model to "
          + "a claim (pvc://) or a bucket")
    default: break
    }
  }

  private static func ownStorageURI(_ component: ComponentSpec) -> String? {
    let container =
      component.pod.container(named: ServingPod.modelContainer) ?? component.containers.first
    return container?.environmentValue(ServingPod.storageURIVariable).flatMap { $0.isEmpty ? nil : $0 }
  }
}
