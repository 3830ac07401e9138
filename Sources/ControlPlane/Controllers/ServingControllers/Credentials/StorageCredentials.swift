internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// Finds the secrets of a service and turns them into variables and volumes of the program that fetches its
/// model: the secret that the service's annotation names, else those of its ServiceAccount.
struct StorageCredentials: CredentialInjector {
  /// By namespace and name.
  typealias Lookup = @Sendable (_ namespace: String, _ name: String) -> KubeObject?

  let secret: Lookup
  let serviceAccount: Lookup
  let names: @Sendable () -> InferenceServiceConfig.Credentials

  func inject(
    into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI], service: InferenceService
  ) {
    let names = names()
    var grant = CredentialGrant()
    for found in secrets(of: service, names) { grant.add(SecretForm(found, names).grant()) }
    if let account = account(of: service), account.annotations[Self.roleAnnotation] != nil {
      grant.add(CredentialGrant(variables: S3Variables(names.s3, annotations: account.annotations).json))
    }
    grant.apply(to: &container, &volumes)
  }

  func reference(
    _ storage: StorageSpec, address: String?, service: InferenceService
  ) throws(ServingFailure) -> StorageReference {
    let names = names()
    let named = service.annotations[names.secretNameAnnotation] ?? ""
    let name = named.isEmpty ? names.storageSecretName : named
    return try StorageReference(
      storage, address: address, secretName: name, secret: secret(service.namespace, name))
  }

  /// Amazon's identity of a ServiceAccount; its webhook brings the token.
  private static let roleAnnotation = "eks.amazonaws.com/role-arn"

  private func account(of service: InferenceService) -> KubeObject? {
    let name = service.predictor.component.pod.serviceAccountName ?? ""
    return serviceAccount(service.namespace, name.isEmpty ? "default" : name)
  }

  private func secrets(
    of service: InferenceService, _ names: InferenceServiceConfig.Credentials
  ) -> [KubeObject] {
    if let named = service.annotations[names.secretNameAnnotation], !named.isEmpty {
      return [secret(service.namespace, named)].compactMap { $0 }
    }
    // A ServiceAccount that is missing is the pod's trouble, not storage's.
    let references = account(of: service)?["secrets"]?.array ?? []
    return references.compactMap { $0["name"]?.string }.compactMap { secret(service.namespace, $0) }
  }
}

extension StorageCredentials {
  init(_ caches: ServiceCaches, _ configuration: ServingConfiguration) {
    self.init(
      secret: { [secrets = caches.secrets] in secrets.get(namespace: $0, name: $1) },
      serviceAccount: { [accounts = caches.serviceAccounts] in accounts.get(namespace: $0, name: $1) },
      names: { configuration.current.credentials })
  }
}
