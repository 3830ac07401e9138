internal import Basics
internal import ControllerKit
internal import Crypto
internal import KubeClient
internal import KubeProtocol

/// Keeps what an API server must know of the webhook: a certificate in a Secret, its authority in the
/// configurations. Several replicas may do this at once; who comes second takes what the first one wrote.
struct WebhookUpkeep: Sendable {
  let client: KubeClient
  let namespace: String
  let address: WebhookAddress
  let clock: any WallClock

  private static let attempts = 5

  /// The certificate that is good now: the stored one, or a new one that is stored before it is returned.
  /// - Throws: `KubeError`, `CryptoError`.
  func certificate() async throws -> WebhookCertificate {
    var problem: (any Error)?
    for _ in 0..<Self.attempts {
      let secret = try await client.find(.secrets, namespace: namespace, name: WebhookCertificate.secretName)
      let stored = secret.flatMap { WebhookCertificate($0) }
      if let stored, stored.isGood(for: address.hostNames, now: clock.now()) { return stored }
      let issued = try WebhookCertificate.issue(for: address.hostNames, after: stored, now: clock.now())
      do {
        try await store(issued, in: secret)
        return issued
      } catch let error as KubeError
        where [.conflict, .alreadyExists, .notFound].contains(error.reason)
      {
        // Somebody else was faster, or took the Secret away: look again.
        problem = error
      }
    }
    throw problem ?? KubeError(.conflict, "Secret \(WebhookCertificate.secretName) changes all the time")
  }

  private func store(_ issued: WebhookCertificate, in secret: KubeObject?) async throws {
    if var secret {
      issued.write(into: &secret)
      try await client.update(.secrets, secret)
    } else {
      var secret = KubeObject(.secrets, namespace: namespace, name: WebhookCertificate.secretName)
      issued.write(into: &secret)
      try await client.create(.secrets, secret)
    }
  }

  /// Makes the configurations, or brings them up to date, and has kinds of several versions converted here.
  /// - Throws: `KubeError`.
  func configure(_ certificate: WebhookCertificate) async throws {
    let writer = ObjectWriter(client)
    let configurations = WebhookConfigurations(address: address, authorityPEM: certificate.authorityPEM)
    for (resource, object) in configurations.make() {
      let existing = try await client.find(resource, name: object.name)
      try await writer.apply(resource, desired: object, existing: existing)
    }
    for object in configurations.makeConversions() {
      // Where the kind is not installed there is nothing to convert.
      let definitions = KubeResource.customResourceDefinitions
      guard let existing = try await client.find(definitions, name: object.name) else { continue }
      try await writer.apply(definitions, desired: object, existing: existing)
    }
  }
}
