public import Formats
public import ServingAPI

/// Gives the program that fetches a model what it needs to be let in: variables and volumes from secrets and
/// service accounts. A pure function of what it was made with.
public protocol CredentialInjector: Sendable {
  /// Adds to the container that fetches `uris`, and to the volumes of its pod.
  func inject(
    into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI], service: InferenceService
  )
}

/// Anonymous access only.
public struct NoCredentials: CredentialInjector {
  public init() {}
  public func inject(
    into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI], service: InferenceService
  ) {}
}
