public import Formats
public import ServingAPI

/// Gives the program that fetches a model what it needs to be let in: variables and volumes from secrets and
/// service accounts. A pure function of what it was made with.
public protocol CredentialInjector: Sendable {
  /// Adds to the container that fetches `uris`, and to the volumes of its pod.
  func inject(
    into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI], service: InferenceService
  )

  /// Where a model lies whose `storage` names an entry of the storage secret, and what its fetching needs.
  /// - Parameter address: its `storageUri`, where it has one too.
  func reference(
    _ storage: StorageSpec, address: String?, service: InferenceService
  ) throws(ServingFailure) -> StorageReference
}

extension CredentialInjector {
  public func reference(
    _ storage: StorageSpec, address: String?, service: InferenceService
  ) throws(ServingFailure) -> StorageReference {
    try StorageReference(unresolved: storage, address: address)
  }
}

/// Anonymous access only.
public struct NoCredentials: CredentialInjector {
  public init() {}
  public func inject(
    into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI], service: InferenceService
  ) {}
}
