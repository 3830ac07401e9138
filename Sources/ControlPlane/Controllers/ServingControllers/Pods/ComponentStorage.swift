internal import Formats
internal import ServingAPI

/// Where a component's files come from.
struct ComponentStorage {
  /// In the user's order.
  var sources: [StorageMounts.Source] = []
  /// From `storageUri`, which has upstream's fixed volume names.
  var isSingle = true

  init(_ component: Component) throws(ServingFailure) {
    var texts: [(uri: String, mountPath: String)] = []
    if let uri = Self.single(component) {
      texts = [(uri, ServingPod.modelPath)]
    } else {
      texts = component.spec.storageURIs.map { ($0.uri, $0.mountPath) }
      isSingle = false
    }
    for text in texts {
      do throws(StorageURI.Failure) {
        let uri = try StorageURI(text.uri)
        try Self.checkFetchable(uri)
        sources.append(.init(uri: uri, mountPath: text.mountPath))
      } catch {
        throw ServingFailure.invalid(.badSource, value: text.uri, error.description, fix: "")
      }
    }
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
