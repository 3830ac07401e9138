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

  init(_ component: Component, _ credentials: any CredentialInjector) throws(ServingFailure) {
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
        uri = try StorageURI(text.uri)
      } catch {
        throw ServingFailure.invalid(.badSource, value: text.uri, error.description, fix: "")
      }
      try add(uri, at: text.mountPath)
    }
  }

  private mutating func add(_ uri: StorageURI, at mountPath: String) throws(ServingFailure) {
    do throws(StorageURI.Failure) {
      try Self.checkFetchable(uri)
    } catch {
      throw ServingFailure.invalid(.badSource, value: uri.text, error.description, fix: "")
    }
    sources.append(.init(uri: uri, mountPath: mountPath))
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
