internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import Telemetry

/// Copies the ConfigMap of `storageInitializer.caBundleConfigMapName` into each namespace with services,
/// where their pods can mount it. Keyed by namespace. A copy stays when it is no longer wanted, as
/// upstream's: pods may still name it.
struct CertificateBundleReconciler: Reconciler {
  let services: Informer
  let configMaps: Informer
  let configuration: ServingConfiguration
  let events: EventRecorder
  let writer: ObjectWriter

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    let name = configuration.current.storageInitializer.authorityConfigMap
    let namespace = key.name
    guard !name.isEmpty, namespace != ServingPlatform.namespace,
      !services.list(namespace: namespace).isEmpty
    else { return .done }
    let source = configMaps.get(namespace: ServingPlatform.namespace, name: name)
    guard let text = source?["data"]?[CertificateBundle.fileName]?.string, !text.isEmpty else {
      tellMissing(name, source)
      return .done
    }
    var copy = KubeObject(.configMaps, namespace: namespace, name: CertificateBundle.copyName)
    copy["data"] = [CertificateBundle.fileName: .string(text)]
    try await writer.apply(.configMaps, desired: copy, existing: configMaps.get(copy.key))
    return .done
  }

  /// On the configuration: that is what names it.
  private func tellMissing(_ name: String, _ source: KubeObject?) {
    let cause =
      source == nil
      ? "failed to get configmap \(name) from the cluster: create it in the namespace "
        + "\(ServingPlatform.namespace)"
      : "specified cabundle file \(CertificateBundle.fileName) not found in cabundle configmap \(name): "
        + "add it"
    let message = "storageInitializer.caBundleConfigMapName: \(cause), or name another one"
    Logger("cabundle").warning("no certificates to copy", ["cause": message])
    guard
      let configured = configMaps.get(
        namespace: ServingPlatform.namespace, name: ServingPlatform.configMap)
    else { return }
    events.record(configured, .warning, reason: "InvalidConfiguration", message: message)
  }
}
