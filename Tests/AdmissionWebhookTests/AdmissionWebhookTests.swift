import Basics
import Crypto
import Formats
import HTTPTransport
import HTTPWire
import KubeClient
import KubeProtocol
import ServingAPI
import ServingControllers
import Synchronization
import Testing

@testable import AdmissionWebhook

@Suite(.timeLimit(.minutes(2))) struct AdmissionWebhookTests {
  /// A webhook over a cluster's API, with what clients of it need.
  private struct Running {
    let webhook: AdmissionWebhook
    let kube: KubeClient
    let group: EventLoopGroup
    let clock: MovedClock
    let isReady: Readiness

    /// Asks as an API server does that trusts what the configurations say.
    func ask(_ path: String, _ body: String, method: String = "POST") async throws -> HTTPClientResponse {
      let configurations = try await kube.list(.validatingWebhookConfigurations).items
      let bundle = try #require(configurations.first?["webhooks"]?[0]?.at("clientConfig", "caBundle")?.string)
      let authority = String(decoding: try #require(Base64.decode(bundle)), as: UTF8.self)
      let client = HTTPClient(group: group, tls: try TLSClientContext(authorityPEM: authority))
      return try await client.send(
        .init(
          method: method, url: "https://\(webhook.addresses[0])\(path)",
          headers: ["Content-Type": "application/json"], body: Bytes(body.utf8)))
    }

    func expect(_ status: Int) async throws {
      let answer = try await ask(path, review)
      #expect(answer.head.status == status)
    }
  }

  final class Readiness: Sendable {
    private let flag = Atomic<Bool>(true)
    var isOpen: Bool {
      get { flag.load(ordering: .relaxed) }
      set { flag.store(newValue, ordering: .relaxed) }
    }
  }

  private func withWebhook(_ body: (Running) async throws -> Void) async throws {
    try await ClusterAPI.run { kube in
      let group = try EventLoopGroup(loops: 1, name: "webhook")
      let clock = MovedClock()
      let readiness = Readiness()
      let webhook = try await AdmissionWebhook.start(
        .init(
          listen: ListenAddress(host: "127.0.0.1", port: 0), namespace: "kserve",
          address: .host("127.0.0.1", port: 0)),
        client: kube, admission: ServingAdmission(configuration: ServingConfiguration(platform: .init())),
        group: group, clock: clock, isReady: { readiness.isOpen })
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await webhook.run() }
        while !webhook.hasToldServers { await Task.yield() }
        try await body(
          Running(webhook: webhook, kube: kube, group: group, clock: clock, isReady: readiness))
        tasks.cancelAll()
      }
      await webhook.stop(timeout: .seconds(1))
      await group.shutdown()
    }
  }

  private static let path = "/validate-serving-kserve-io-v1beta1-inferenceservice"
  private static let review = """
    {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE",
    "object":{"apiVersion":"serving.kserve.io/v1beta1","kind":"InferenceService","metadata":{"name":"Iris"},
    "spec":{"predictor":{"sklearn":{"storageUri":"gs://b/iris"}}}}}}
    """

  @Test func `API servers are told an address and an authority that work`() async throws {
    try await withWebhook { running in
      let answer = try await running.ask(Self.path, Self.review)
      #expect(answer.head.status == 200)
      let response = try JSONValue(parsing: answer.body)["response"]
      #expect(response?["allowed"] == false)
      #expect(response?.at("status", "message")?.string?.contains("lower case") == true)
      let url = try await running.kube.get(
        .validatingWebhookConfigurations, name: "inferenceservice.serving.kserve.io"
      )["webhooks"]?[0]?.at("clientConfig", "url")
      #expect(url == .string("https://\(running.webhook.addresses[0])\(Self.path)"))
    }
  }

  @Test(arguments: [
    ("POST", path, "no JSON", 400), ("POST", path, "{}", 400), ("GET", path, "", 405),
    ("POST", "/other", review, 404),
  ])
  func `what is no review is answered by a status`(method: String, path: String, body: String, status: Int)
    async throws
  {
    try await withWebhook { running in
      let answer = try await running.ask(path, body, method: method)
      #expect(answer.head.status == status)
      #expect(try JSONValue(parsing: answer.body)["kind"] == "Status")
    }
  }

  @Test func `nothing is judged before the caches are read`() async throws {
    try await withWebhook { running in
      running.isReady.isOpen = false
      try await running.expect(503)
      running.isReady.isOpen = true
      try await running.expect(200)
    }
  }

  @Test func `a renewed certificate is shown without a pause`() async throws {
    try await withWebhook { running in
      let name = WebhookCertificate.secretName
      let before = try await running.kube.get(.secrets, namespace: "kserve", name: name)
      // Past the authority's time: a client that asks by today's configuration must see the new chain.
      try await running.kube.delete(.secrets, namespace: "kserve", name: name)
      running.clock.advance(.seconds(61))
      var bundle: JSONValue?
      repeat {
        running.clock.advance(.seconds(61))
        await Task.yield()
        bundle = try await running.kube.list(.validatingWebhookConfigurations).items.last?["webhooks"]?[0]?
          .at("clientConfig", "caBundle")
      } while bundle == before["data"]?["ca.crt"]
      try await running.expect(200)
    }
  }
}
