import Formats
import KubeClient
import KubeProtocol
import ServingControllers
import Synchronization
import Testing

@testable import Commands

/// Answers lists from a table and counts the requests.
private final class Listing: KubeTransport {
  private let objects: [String: [KubeObject]]
  /// The last parts of paths that this user may not read.
  private let forbidden: Set<String>
  private let asked = Mutex<[String]>([])

  init(_ objects: [String: [KubeObject]], forbidden: Set<String> = []) {
    self.objects = objects
    self.forbidden = forbidden
  }

  var paths: [String] { asked.withLock { $0 } }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    asked.withLock { $0.append(request.path) }
    let plural = request.path.split(separator: "/").last.map(String.init) ?? ""
    if forbidden.contains(plural) {
      let error = KubeError(.forbidden, "\(plural) is forbidden")
      return KubeResponse(status: error.code, body: .json(error.statusJSON))
    }
    let items = (objects[plural] ?? []).map(\.json)
    return KubeResponse(
      status: 200, body: .json(["metadata": ["resourceVersion": "1"], "items": .array(items)]))
  }
}

@Suite struct EvidenceReaderTests {
  private func object(
    _ resource: KubeResource, _ name: String, of service: String, namespace: String = "a"
  ) -> KubeObject {
    var object = KubeObject(resource, namespace: namespace, name: name)
    object.labels = ["serving.kserve.io/inferenceservice": service]
    return object
  }

  private func event(about name: String, namespace: String = "a") -> KubeObject {
    var event = KubeObject(.events, namespace: namespace, name: "about-\(name)")
    event["involvedObject"] = ["name": .string(name), "namespace": .string(namespace)]
    return event
  }

  /// A hundred services cost as many requests as one.
  @Test func manyServicesAreReadByOneListOfEachKind() async throws {
    let services = (1...100).map { KubeObject(.inferenceServices, namespace: "a", name: "s\($0)") }
    let transport = Listing([
      "pods": (1...100).map { object(.pods, "p\($0)", of: "s\($0)") }
        + [object(.pods, "p1", of: "s1", namespace: "b")],
      "deployments": [object(.deployments, "d7", of: "s7")],
      "events": [event(about: "p3"), event(about: "s3"), event(about: "p3", namespace: "b")],
      "servingruntimes": [KubeObject(.servingRuntimes, namespace: "b", name: "theirs")],
    ])
    let reader = EvidenceReader(client: KubeClient(transport))
    let found = await reader.evidence(of: services, in: nil)
    #expect(found.map(\.service.name) == services.map(\.name))
    #expect(transport.paths.count == Set(transport.paths).count, "no list twice")
    #expect(transport.paths.count == 7)
    for (index, evidence) in found.enumerated() {
      #expect(evidence.pods.map(\.name) == ["p\(index + 1)"])
      #expect(evidence.pods.allSatisfy { $0.namespace == "a" })
      #expect(evidence.namespaceRuntimes.isEmpty, "of another namespace")
      #expect(evidence.gaps.isEmpty)
    }
    #expect(found[6].deployments.map(\.name) == ["d7"])
    #expect(found[2].events.count == 2 && found[0].events.isEmpty)
  }

  @Test func whoMayNotReadTheClustersRuntimesIsNotToldThatNoneFits() async throws {
    let transport = Listing([:], forbidden: ["clusterservingruntimes", "inferenceservice-config"])
    let reader = EvidenceReader(client: KubeClient(transport))
    let service = KubeObject(
      json: [
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": ["name": "iris", "namespace": "a"],
        "spec": [
          "predictor": ["model": ["modelFormat": ["name": "sklearn"], "storageUri": "gs://b/m"]]
        ],
      ])
    let evidence = try await reader.evidence(of: service)
    #expect(evidence.gaps.contains { $0.hasPrefix("the built-in ClusterServingRuntimes are assumed:") })
    #expect(!Explanation(evidence).chain.contains { $0.kind == "runtime" })
    let (around, _) = try await reader.surroundings(of: service)
    #expect(!around.clusterRuntimes.isEmpty && around.configuration.isEmpty)
    #expect(around.gaps.count == 2)
  }
}
