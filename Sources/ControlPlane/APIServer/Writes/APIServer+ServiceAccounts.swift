internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  /// Refuses a pod that is to run as an account that does not exist, in Kubernetes' words: its programs would
  /// miss the credentials that somebody meant them to have. Every namespace has `default`, made beside it.
  func checkServiceAccount(_ object: KubeObject, _ context: AdmissionContext) async throws {
    guard context.operation == .create, context.subresource == nil, context.resource == .pods,
      let name = object.spec?["serviceAccountName"]?.string, !name.isEmpty, name != "default",
      registry.find(.serviceAccounts) != nil
    else { return }
    let found = try await client.find(.serviceAccounts, namespace: object.namespace, name: name)
    guard found == nil else { return }
    let pod = object.name.isEmpty ? object.generateName : object.name
    throw KubeError(
      .forbidden,
      "pods \(KubeError.Cause.quoted(pod)) is forbidden: error looking up service account"
        + " \(object.namespace)/\(name): serviceaccount \(KubeError.Cause.quoted(name)) not found")
  }
}
