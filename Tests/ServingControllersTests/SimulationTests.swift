import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Linux
import ServingAPI
import TestSupport
import Testing

@testable import ServingControllers

@Suite(.timeLimit(.minutes(60))) struct SimulationTests {
  private static let full = #"""
    {"predictor":{"sklearn":{"storageUri":"pvc://c/a"}},
     "transformer":{"containers":[{"name":"kserve-container","image":"t"}]},
     "explainer":{"containers":[{"name":"kserve-container","image":"e"}]}}
    """#

  private static func service(_ spec: JSONValue) -> KubeObject {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.annotations = ["serving.kserve.io/deploymentMode": "Standard"]
    object.spec = spec
    return object
  }

  @Test(arguments: FaultyTransport.Fault.allCases)
  func everyWriteMayFail(_ fault: FaultyTransport.Fault) async throws {
    try await Simulation.run { simulation in
      let service = Self.service(try JSONValue(parsing: Self.full))
      try await simulation.expectEveryWriteMayFail(fault, creating: service)
    }
  }

  /// What the API refuses stands in the condition after one reconcile, and is mended once it may be done.
  @Test(arguments: [
    ("deployments", "exceeded quota: small, requested: count/deployments.apps=1, used: 0, limited: 0"),
    ("services", "services is forbidden: User \"apus\" cannot create resource \"services\""),
    ("httproutes", "httproutes is forbidden: User \"apus\" cannot create resource \"httproutes\""),
    ("controllerrevisions", "admission webhook \"corp\" denied the request: no revisions"),
  ])
  func aRefusedChildIsToldAtOnce(_ plural: String, _ message: String) async throws {
    try await Simulation.run { simulation in
      simulation.transport.refuse(plural, message)
      try await simulation.client.create(.inferenceServices, Self.service(try JSONValue(parsing: Self.full)))
      try await simulation.catchUp()
      // It is tried again: a quota may be raised.
      await #expect(throws: KubeError.self) {
        try await simulation.reconciler.reconcile(Simulation.key)
      }
      let stored = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
      for type in ["PredictorReady", "Ready"] {
        let found = Conditions.get(stored.status?["conditions"], type)
        #expect(found?.status == .no && found?.message.contains(message) == true, "\(type)")
      }
      if plural != "httproutes" {
        #expect(
          Conditions.get(stored.status?["conditions"], "TransformerReady")?.message.contains(message) == true)
      }
      simulation.transport.clear()
      try await simulation.settle()
      let mended = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
      #expect(Conditions.isTrue(mended.status?["conditions"], "Ready"))
    }
  }

  /// While the gateway takes a change of routes it serves what was there before: a rollout takes no readiness
  /// away, and whoever waits for the changed spec is told once the routes are in use.
  @Test func aRolloutTakesNoReadinessAway() async throws {
    try await Simulation.run { simulation in
      let spec = #"{"predictor":{"sklearn":{"storageUri":"pvc://c/a"}}}"#
      try await simulation.client.create(.inferenceServices, Self.service(try JSONValue(parsing: spec)))
      try await simulation.settle()
      let start = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
      #expect(Conditions.isTrue(start.status?["conditions"], "Ready"))
      let steps: [(String, Int64?)] = [("b", 10), ("b", 50), ("b", nil), ("a", nil)]
      for (uri, percent) in steps {
        var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        object.json.set(.string("pvc://c/\(uri)"), at: "spec", "predictor", "sklearn", "storageUri")
        object.json.set(percent.map { .int($0) }, at: "spec", "predictor", "canaryTrafficPercent")
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
      }
      let end = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
      #expect(end.status?["observedGeneration"]?.int == end.generation)
      let changes = try await simulation.client.watch(
        .inferenceServices, namespace: "team", resourceVersion: start.resourceVersion)
      var count = 0
      for try await change in changes {
        count += 1
        let ready = Conditions.get(change.object.status?["conditions"], "Ready")
        #expect(ready?.status == .yes, "change \(count): \(ready?.message ?? "")")
        if change.object.resourceVersion == end.resourceVersion { break }
      }
      #expect(count > 8)
      let told = try await simulation.client.list(.events, namespace: "team").items
      #expect(!told.contains { $0["reason"] == "InferenceServiceNotReady" })
    }
  }

  /// Random sequences of changes, with writes that fail now and then, end where a fresh service with the last
  /// spec ends. `APUS_SEQUENCES` sets their number, `APUS_SEED` the first one's seed.
  @Test func anyHistoryEndsWhereAFreshStartEnds() async throws {
    let count = ProcessEnvironment.variable("APUS_SEQUENCES").flatMap { Int($0) } ?? 12
    let first = ProcessEnvironment.variable("APUS_SEED").flatMap { Int($0) } ?? 0
    try await Simulation.run { simulation in
      for sequence in first..<first + count {
        var changes = RandomChanges(seed: UInt64(sequence))
        var object = Self.service(changes.start())
        object = try await simulation.client.create(.inferenceServices, object)
        for _ in 0..<changes.count(upTo: 6) {
          if changes.count(upTo: 2) == 1 {
            let fault = FaultyTransport.Fault.allCases[changes.count(upTo: 3) - 1]
            simulation.transport.plant(fault, at: changes.count(upTo: 8))
          }
          // Sometimes the next change comes before the last one is done.
          if changes.count(upTo: 3) > 1 { try await simulation.settle() }
          object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
          changes.change(&object)
          object = try await simulation.client.update(.inferenceServices, object)
        }
        simulation.transport.clear()
        try await simulation.settle()
        object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        RandomChanges.end(&object)
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
        let reached = try await simulation.snapshot()
        try await simulation.remove()
        var fresh = Self.service(object.spec ?? [:])
        fresh.labels = object.labels
        fresh.annotations = object.annotations
        try await simulation.client.create(.inferenceServices, fresh)
        try await simulation.settle()
        let wanted = try await simulation.snapshot()
        for key in Set(wanted.keys).union(reached.keys).sorted() where wanted[key] != reached[key] {
          Issue.record("sequence \(sequence), \(key): \(reached[key] ?? .null), not \(wanted[key] ?? .null)")
        }
        try await simulation.remove()
      }
    }
  }
}

/// Valid changes of a service, the same for the same seed.
private struct RandomChanges {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed &+ 11) }

  /// From 1 to `limit`.
  mutating func count(upTo limit: Int) -> Int { Int(random.next() % UInt64(limit)) + 1 }

  mutating func start() -> JSONValue {
    ["predictor": ["model": ["modelFormat": ["name": "sklearn"], "storageUri": .string(uri())]]]
  }

  private mutating func uri() -> String { "pvc://c/\(["a", "b", "c"][count(upTo: 3) - 1])" }

  private static let container: JSONValue = ["containers": [["name": "kserve-container", "image": "t:1"]]]

  private static let canaryModel: JSONValue = [
    "modelFormat": ["name": "sklearn"], "storageUri": "pvc://c/z",
  ]

  mutating func change(_ object: inout KubeObject) {
    switch count(upTo: 14) {
    case 1, 2: object.json.set(.string(uri()), at: "spec", "predictor", "model", "storageUri")
    case 3, 4:
      let percents: [JSONValue?] = [nil, 0, 10, 50, 100]
      object.json.set(percents[count(upTo: 5) - 1], at: "spec", "predictor", "canaryTrafficPercent")
    case 5: toggle("transformer", &object)
    case 6: toggle("explainer", &object)
    case 7: object.json.set(.int(count(upTo: 3)), at: "spec", "predictor", "minReplicas")
    case 8:
      object.json.set(.string("n\(count(upTo: 2))"), at: "spec", "predictor", "name")
      object.json.set(.string(uri() + "/\(random.next())"), at: "spec", "predictor", "model", "storageUri")
    case 9: flip("label", &object.labels)
    case 10: flip("annotation", &object.annotations)
    case 11: flip("serving.kserve.io/stop", &object.annotations)
    case 12: flip("serving.kserve.io/enable-tag-routing", &object.annotations)
    case 13:
      let isThere = object.spec?["canary"] != nil
      object.json.set(
        isThere
          ? nil : [["trafficPercent": 20, "predictor": ["name": "other", "model": Self.canaryModel]]],
        at: "spec", "canary")
    default: object.json.set(.int(count(upTo: 90)), at: "spec", "predictor", "timeout")
    }
  }

  private func toggle(_ component: String, _ object: inout KubeObject) {
    let isThere = object.spec?[component] != nil
    object.json.set(isThere ? nil : Self.container, at: "spec", component)
  }

  private func flip(_ key: String, _ map: inout [String: String]) {
    map[key] = map[key] == nil ? "true" : nil
  }

  /// Takes away what has a meaning only beside what was there before.
  static func end(_ object: inout KubeObject) {
    object.json.set(nil, at: "spec", "predictor", "canaryTrafficPercent")
    object.annotations["serving.kserve.io/stop"] = nil
  }
}
