import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct RevisionHistoryTests {
  @Test(.timeLimit(.minutes(2)))
  func `the last ten revisions are kept, and those that serve`() async throws {
    try await Simulation.run { simulation in
      var service = try makeService(#"{"predictor":{"model":{"modelFormat":{"name":"sklearn"}}}}"#).object
      service.metadata = ["name": "iris", "namespace": "team"]
      try await simulation.client.create(.inferenceServices, service)
      for version in 1...14 {
        var latest = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        latest.json.set(
          .string("gs://bucket/v\(version)"), at: "spec", "predictor", "model", "storageUri")
        try await simulation.client.update(.inferenceServices, latest)
        try await simulation.settle()
      }
      let revisions = try await simulation.client.list(.controllerRevisions, namespace: "team").items
      #expect(revisions.count == 10)
      let numbers = revisions.compactMap { $0["revision"]?.int }.sorted()
      let newest = try #require(numbers.last)
      #expect(numbers == Array((newest - 9)...newest))
    }
  }

  @Test func `the installed gateway takes routes of every namespace`() throws {
    let objects = ServingDefaults.objects(platform: .init())
    let gateway = try #require(objects.first { $0.resource == .gateways }?.object)
    #expect(gateway.spec?["gatewayClassName"] == "apus")
    #expect(gateway.spec?["listeners"]?[0]?.at("allowedRoutes", "namespaces", "from") == "All")
  }
}
