internal import KubeClient
internal import KubeProtocol

extension APIServer {
  private static let quotas = KubeResource(
    group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota", isNamespaced: true)

  /// Refuses a pod that the namespace's ResourceQuotas leave no room for. Two pods that come at once may
  /// both be counted without the other.
  func checkQuotas(_ object: KubeObject, _ context: AdmissionContext) async throws {
    guard context.operation == .create, context.subresource == nil, context.resource == .pods,
      registry.find(Self.quotas) != nil
    else { return }
    let quotas = try await client.list(Self.quotas, namespace: object.namespace).items
    guard !quotas.isEmpty else { return }
    let pods = try await client.list(.pods, namespace: object.namespace).items
    try QuotaCheck.check(object, quotas: quotas, pods: pods)
  }
}
