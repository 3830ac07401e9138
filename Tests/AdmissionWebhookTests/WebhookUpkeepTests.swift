import APIServer
import Basics
import Crypto
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import ServingControllers
import Synchronization
import Testing

@testable import AdmissionWebhook

/// A clock that tests move; whoever sleeps on it is woken by that.
final class MovedClock: SleepingClock {
  private struct State {
    var now = Timestamp(seconds: 1_790_000_000)
    var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  func now() -> Timestamp { state.withLock { $0.now } }
  func monotonicNow() -> Duration { .seconds(now().seconds) }

  func advance(_ duration: Duration) {
    let sleepers = state.withLock { state in
      state.now = state.now.adding(duration)
      defer { state.sleepers = [:] }
      return state.sleepers.values
    }
    for sleeper in sleepers { sleeper.resume() }
  }

  /// Until the clock is moved, however far.
  func sleep(for duration: Duration) async throws {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isCancelled = state.withLock { state in
          if !Task.isCancelled { state.sleepers[number] = continuation }
          return Task.isCancelled
        }
        if isCancelled { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: number) }?.resume()
    }
    try Task.checkCancellation()
  }
}

/// An API server that stores webhook configurations, as a cluster's does.
enum ClusterAPI {
  static func run(_ body: (KubeClient) async throws -> Void) async throws {
    let store = MemoryStore()
    let definitions = [KubeResource.mutatingWebhookConfigurations, .validatingWebhookConfigurations]
    let server = APIServer(store: store, preinstalledCRDs: definitions.map(definition))
    try await server.start()
    do {
      try await body(server.client)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
    await store.close()
  }

  private static func definition(_ resource: KubeResource) -> KubeObject {
    var definition = KubeObject(
      .customResourceDefinitions, name: "\(resource.plural).\(resource.group)")
    definition.annotations = ["api-approved.kubernetes.io": "https://kubernetes.io"]
    definition.spec = [
      "group": .string(resource.group), "scope": "Cluster",
      "names": [
        "plural": .string(resource.plural), "singular": .string(resource.kind.lowercased()),
        "kind": .string(resource.kind),
      ],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true,
          "schema": [
            "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
          ],
        ]
      ],
    ]
    return definition
  }
}

@Suite struct WebhookUpkeepTests {
  private static let address = WebhookAddress.service(namespace: "kserve", name: WebhookAddress.serviceName)

  private func upkeep(_ client: KubeClient, _ clock: MovedClock = MovedClock()) -> WebhookUpkeep {
    WebhookUpkeep(client: client, namespace: "kserve", address: Self.address, clock: clock)
  }

  @Test func `replicas that begin at once share one certificate`() async throws {
    try await ClusterAPI.run { client in
      let found = try await withThrowingTaskGroup(of: WebhookCertificate.self) { group in
        for _ in 0..<8 { group.addTask { try await upkeep(client).certificate() } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(found.count == 1)
      let certificate = try Certificate(pem: try #require(found.first).server.certificatePEM)
      #expect(certificate.covers("kserve-webhook-server-service.kserve.svc"))
      let secret = try await client.get(.secrets, namespace: "kserve", name: "kserve-webhook-server-cert")
      #expect(secret["type"] == "kubernetes.io/tls")
    }
  }

  @Test func `a certificate is renewed in time, by the authority that is trusted already`() async throws {
    try await ClusterAPI.run { client in
      let clock = MovedClock()
      let first = try await upkeep(client, clock).certificate()
      clock.advance(.seconds(200 * 86_400))
      #expect(try await upkeep(client, clock).certificate() == first)
      clock.advance(.seconds(60 * 86_400))
      let second = try await upkeep(client, clock).certificate()
      #expect(second.server != first.server)
      #expect(second.authorityPEM == first.authorityPEM)
      clock.advance(.seconds(9 * 365 * 86_400))
      #expect(try await upkeep(client, clock).certificate().authorityPEM != first.authorityPEM)
    }
  }

  @Test(arguments: ["tls.crt", "tls.key", "ca.crt", "ca.key"])
  func `a damaged part is replaced, what else lies in the Secret stays`(part: String) async throws {
    try await ClusterAPI.run { client in
      let first = try await upkeep(client).certificate()
      var secret = try await client.get(.secrets, namespace: "kserve", name: WebhookCertificate.secretName)
      var data = try #require(secret["data"]?.object)
      data[part] = .string(Base64.encode(Bytes("no PEM".utf8)))
      data["other"] = .string(Base64.encode(Bytes("kept".utf8)))
      secret["data"] = .object(data)
      try await client.update(.secrets, secret)
      let second = try await upkeep(client).certificate()
      #expect(second.server != first.server)
      #expect(try await upkeep(client).certificate() == second)
      let stored = try await client.get(.secrets, namespace: "kserve", name: WebhookCertificate.secretName)
      #expect(stored["data"]?["other"] == .string(Base64.encode(Bytes("kept".utf8))))
    }
  }

  @Test func `another name of the webhook gets a certificate of its own`() async throws {
    try await ClusterAPI.run { client in
      _ = try await upkeep(client).certificate()
      let outside = WebhookUpkeep(
        client: client, namespace: "kserve", address: .host("192.0.2.7", port: 9443), clock: MovedClock())
      let certificate = try Certificate(pem: try await outside.certificate().server.certificatePEM)
      #expect(certificate.covers("192.0.2.7"))
    }
  }

  @Test func `kinds of several versions are converted here, the rest of their definition stays`() async throws
  {
    try await ClusterAPI.run { client in
      let name = "llminferenceservices.serving.kserve.io"
      var definition = try await client.get(
        .customResourceDefinitions, name: "mutatingwebhookconfigurations.admissionregistration.k8s.io")
      definition.json.set(["name": .string(name)], at: "metadata")
      definition.json.set("serving.kserve.io", at: "spec", "group")
      definition.json.set(
        ["plural": "llminferenceservices", "kind": "LLMInferenceService"], at: "spec", "names")
      definition.status = nil
      try await client.create(.customResourceDefinitions, definition)
      let upkeep = upkeep(client)
      try await upkeep.configure(try await upkeep.certificate())
      let stored = try await client.get(.customResourceDefinitions, name: name)
      #expect(stored.spec?.at("conversion", "webhook", "clientConfig", "service", "path") == "/convert")
      #expect(stored.spec?["versions"] == definition.spec?["versions"])
      try await upkeep.configure(try await upkeep.certificate())
      let again = try await client.get(.customResourceDefinitions, name: name)
      #expect(again.resourceVersion == stored.resourceVersion)
    }
  }

  @Test func `configurations are made once, put right when changed, and written no more than that`()
    async throws
  {
    try await ClusterAPI.run { client in
      let upkeep = upkeep(client)
      let certificate = try await upkeep.certificate()
      try await upkeep.configure(certificate)
      let name = "inferenceservice.serving.kserve.io"
      var stored = try await client.get(.validatingWebhookConfigurations, name: name)
      let webhook = try #require(stored["webhooks"]?[0])
      #expect(webhook["name"] == "inferenceservice.kserve-webhook-server.validator")
      #expect(
        webhook.at("clientConfig", "service", "path")
          == "/validate-serving-kserve-io-v1beta1-inferenceservice")
      #expect(
        webhook.at("clientConfig", "caBundle") == .string(Base64.encode(Bytes(certificate.authorityPEM.utf8)))
      )
      #expect(webhook["rules"]?[0]?["operations"] == ["CREATE", "UPDATE"])
      let mutating = try await client.list(.mutatingWebhookConfigurations).items.map(\.name)
      #expect(mutating == [name, "llminferenceservice.serving.kserve.io"])
      let guarding = try await client.list(.validatingWebhookConfigurations).items.filter {
        $0["webhooks"]?[0]?["rules"]?[0]?["operations"]?.array?.contains("DELETE") == true
      }
      #expect(
        guarding.map(\.name) == [
          "llminferenceserviceconfig.serving.kserve.io", "localmodelcache.serving.kserve.io",
          "localmodelnamespacecache.serving.kserve.io",
        ])

      try await upkeep.configure(certificate)
      #expect(
        try await client.get(.validatingWebhookConfigurations, name: name).resourceVersion
          == stored.resourceVersion)

      stored["webhooks"] = []
      try await client.update(.validatingWebhookConfigurations, stored)
      try await upkeep.configure(certificate)
      let repaired = try await client.get(.validatingWebhookConfigurations, name: name)
      #expect(repaired["webhooks"]?.array?.count == 1)
    }
  }
}
