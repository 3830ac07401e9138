import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// The reconciler on a cluster that has Knative, with and without Istio: objects in, objects and status out.
@Suite(.timeLimit(.minutes(10))) struct KnativeReconcileTests {
  private static let sklearn = #"{"predictor":{"sklearn":{"storageUri":"pvc://c/a"}}}"#

  private static func service(_ spec: String = sklearn, annotations: [String: String] = [:]) throws
    -> KubeObject
  {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.annotations = annotations.merging(["serving.kserve.io/deploymentMode": "Knative"]) { $1 }
    object.spec = try JSONValue(parsing: spec)
    return object
  }

  private static func run(
    kinds: [KubeResource] = [ForeignKinds.knativeServices], cuts: Int = 0,
    _ body: @escaping @Sendable (Simulation, KnativeCluster) async throws -> Void
  ) async throws {
    let cluster = KnativeCluster()
    try await Simulation.run(
      kinds: kinds, admission: cluster.admission, cuts: cuts,
      others: { try await cluster.play($0) }
    ) { try await body($0, cluster) }
  }

  private static let withIstio = [ForeignKinds.knativeServices, ForeignKinds.virtualServices]

  private static func knative(_ simulation: Simulation) async throws -> KubeObject {
    try await simulation.client.get(
      ForeignKinds.knativeServices, namespace: "team", name: "iris-predictor")
  }

  private static func status(_ simulation: Simulation) async throws -> JSONValue {
    try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris").status ?? [:]
  }

  private static func change(
    _ simulation: Simulation, _ edit: @Sendable (inout KubeObject) -> Void
  ) async throws {
    var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
    edit(&object)
    try await simulation.client.update(.inferenceServices, object)
    try await simulation.settle()
  }

  // MARK: from nothing to ready

  @Test func withoutIstioTheEntryComponentsNameIsTheServices() async throws {
    try await Self.run { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      let status = try await Self.status(simulation)
      #expect(status["url"] == "http://iris-predictor.team.example.com")
      #expect(status.at("address", "url") == "http://iris-predictor.team.svc.cluster.local")
      #expect(status["deploymentMode"] == "Knative")
      for type in [
        "Ready", "PredictorReady", "PredictorRouteReady", "PredictorConfigurationReady", "RoutesReady",
        "LatestDeploymentReady", "IngressReady",
      ] {
        #expect(Conditions.isTrue(status["conditions"], type), "\(type)")
      }
      #expect(status.at("components", "predictor", "latestRolledoutRevision") == "iris-predictor-1")
      for informer in [simulation.caches.deployments, simulation.caches.kubeServices] {
        #expect(informer.list(namespace: "team").isEmpty, "Knative makes them")
      }
    }
  }

  @Test func withIstioTheServiceHasANameOfItsOwn() async throws {
    try await Self.run(kinds: Self.withIstio) { simulation, cluster in
      cluster.fail()
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      var status = try await Self.status(simulation)
      let ingress = Conditions.get(status["conditions"], "IngressReady")
      #expect(ingress?.status == .no && ingress?.reason == "Predictor ingress not created")
      #expect(status["url"] == nil)
      func find() async throws -> KubeObject? {
        try await simulation.client.find(ForeignKinds.virtualServices, namespace: "team", name: "iris")
      }
      #expect(try await find() == nil, "no component is ready")
      let alias = try await simulation.client.get(.services, namespace: "team", name: "iris")
      #expect(alias.spec?["type"] == "ExternalName")
      cluster.fail(false)
      try await simulation.settle()
      status = try await Self.status(simulation)
      #expect(status["url"] == "http://iris.team.example.com")
      #expect(status.at("address", "url") == "http://iris.team.svc.cluster.local")
      #expect(Conditions.isTrue(status["conditions"], "Ready"))
      let made = try #require(try await find())
      cluster.fail()
      try await simulation.settle()
      status = try await Self.status(simulation)
      #expect(Conditions.get(status["conditions"], "Ready")?.status == .no)
      #expect(try await find()?.resourceVersion == made.resourceVersion, "the name stays")
    }
  }

  @Test func whatIstioIsForIsTakenAwayWhenItIsTurnedOff() async throws {
    try await Self.run(kinds: Self.withIstio) { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      #expect(try await !simulation.client.list(ForeignKinds.virtualServices).items.isEmpty)
      var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
      configMap["data"] = ["ingress": #"{"disableIstioVirtualHost":true}"#]
      #expect(simulation.reconciler.configuration.update(from: configMap) == nil)
      try await simulation.settle()
      #expect(try await simulation.client.list(ForeignKinds.virtualServices).items.isEmpty)
      #expect(try await simulation.client.find(.services, namespace: "team", name: "iris") == nil)
      #expect(try await Self.status(simulation)["url"] == "http://iris-predictor.team.example.com")
    }
  }

  @Test func aStoppedServiceLosesAllOfItAndGetsItBack() async throws {
    try await Self.run(kinds: Self.withIstio) { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      try await Self.change(simulation) { $0.annotations["serving.kserve.io/stop"] = "true" }
      for resource in Self.withIstio + [.services] {
        #expect(
          try await simulation.client.list(resource, namespace: "team").items.isEmpty, "\(resource.kind)")
      }
      try await Self.change(simulation) { $0.annotations["serving.kserve.io/stop"] = nil }
      #expect(Conditions.isTrue(try await Self.status(simulation)["conditions"], "Ready"))
    }
  }

  // MARK: canaries

  @Test func aCanaryGrowsIsPromotedAndTakenBack() async throws {
    try await Self.run { simulation, _ in
      try await simulation.client.create(
        .inferenceServices, Self.service(annotations: ["serving.kserve.io/enable-tag-routing": "true"]))
      try await simulation.settle()
      func names() async throws -> [String?] {
        let part = try await Self.status(simulation).at("components", "predictor")
        return ["latestReadyRevision", "latestRolledoutRevision", "previousRolledoutRevision"]
          .map { part?[$0]?.string }
      }
      func traffic() async throws -> [String] {
        let part = try await Self.status(simulation).at("components", "predictor", "traffic")
        return (part?.array ?? []).map {
          "\($0["revisionName"]?.string ?? "") \($0["percent"]?.int ?? -1) \($0["tag"]?.string ?? "-")"
        }
      }
      #expect(try await names() == ["iris-predictor-1", "iris-predictor-1", nil])
      try await Self.change(simulation) {
        $0.json.set("pvc://c/b", at: "spec", "predictor", "sklearn", "storageUri")
        $0.json.set(10, at: "spec", "predictor", "canaryTrafficPercent")
      }
      #expect(try await names() == ["iris-predictor-2", "iris-predictor-1", nil])
      #expect(try await traffic() == ["iris-predictor-2 10 latest", "iris-predictor-1 90 prev"])
      let status = try await Self.status(simulation)
      #expect(
        status.at("components", "predictor", "traffic")?[1]?["url"]
          == "http://prev-iris-predictor.team.example.com")
      try await Self.change(simulation) {
        $0.json.set(100, at: "spec", "predictor", "canaryTrafficPercent")
      }
      #expect(try await names() == ["iris-predictor-2", "iris-predictor-2", "iris-predictor-1"])
      #expect(try await traffic() == ["iris-predictor-2 100 latest"])
      // The share of what was rolled out is taken back: first to itself, then to the one before.
      try await Self.change(simulation) {
        $0.json.set(0, at: "spec", "predictor", "canaryTrafficPercent")
      }
      #expect(try await names() == ["iris-predictor-2", "iris-predictor-1", "iris-predictor-1"])
      #expect(try await traffic() == ["iris-predictor-2 0 latest", "iris-predictor-1 100 prev"])
    }
  }

  @Test func aChangeOfTrafficMakesNoRevision() async throws {
    try await Self.run { simulation, cluster in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      for percent in [50, 20, 100] as [Int64] {
        try await Self.change(simulation) {
          $0.json.set(.int(percent), at: "spec", "predictor", "canaryTrafficPercent")
        }
      }
      #expect(cluster.revisions(of: "iris-predictor") == 1)
      #expect(
        try await Self.knative(simulation).json.at("spec", "template", "spec", "enableServiceLinks") == false)
    }
  }

  // MARK: writing

  @Test func whatKnativeWritesInItsOwnFormIsLeftAlone() async throws {
    try await Self.run { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      let made = try await Self.knative(simulation)
      let images = made.json.at("spec", "template", "spec", "containers")?.array?.compactMap {
        $0["image"]?.string
      }
      #expect(
        images?.allSatisfy { $0.hasPrefix("docker.io/") } == true, "not what is wanted, letter by letter")
      let (writes, dryRuns) = (simulation.transport.writes, simulation.transport.dryRuns)
      _ = try await simulation.reconciler.reconcile(Simulation.key)
      #expect(simulation.transport.writes == writes, "nothing is stored")
      #expect(simulation.transport.dryRuns == dryRuns + 1, "Knative was asked what it would store")
      #expect(try await Self.knative(simulation).resourceVersion == made.resourceVersion)
    }
  }

  @Test func whatSomebodyElseChangedIsPutRight() async throws {
    try await Self.run { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      var changed = try await Self.knative(simulation)
      changed.json.set(7, at: "spec", "template", "spec", "containerConcurrency")
      changed.json.set([["latestRevision": true, "percent": 60]], at: "spec", "traffic")
      try await simulation.client.update(ForeignKinds.knativeServices, changed)
      try await simulation.settle()
      #expect(
        try await Self.knative(simulation).spec?["traffic"] == [["latestRevision": true, "percent": 100]])
    }
  }

  @Test func knativesOwnAnnotationsStayAndOursCome() async throws {
    try await Self.run { simulation, _ in
      let duration = "serving.knative.dev/rollout-duration"
      try await simulation.client.create(
        .inferenceServices, Self.service(annotations: [duration: "60s"]))
      try await simulation.settle()
      var found = try await Self.knative(simulation).annotations
      #expect(found[KnativeCluster.creator] == "somebody" && found[duration] == "60s")
      try await Self.change(simulation) {
        $0.annotations[duration] = nil
        $0.json.set(3, at: "spec", "predictor", "containerConcurrency")
      }
      let changed = try await Self.knative(simulation)
      found = changed.annotations
      #expect(found[KnativeCluster.creator] == "somebody" && found[KnativeCluster.updater] == "somebody")
      #expect(found[duration] == nil, "nobody wants it any more")
      #expect(changed.json.at("spec", "template", "spec", "containerConcurrency") == 3)
    }
  }

  @Test func aConflictIsTriedAgainAtOnce() async throws {
    try await Self.run { simulation, _ in
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
      object.json.set(3, at: "spec", "predictor", "containerConcurrency")
      try await simulation.client.update(.inferenceServices, object)
      try await simulation.catchUp()
      simulation.transport.plant(.conflict, at: 1)
      _ = try await simulation.reconciler.reconcile(Simulation.key)
      #expect(simulation.transport.failed == 1)
      #expect(
        try await Self.knative(simulation).json.at("spec", "template", "spec", "containerConcurrency") == 3)
    }
  }

  @Test func somebodyElsesServiceIsLeftAlone() async throws {
    try await Self.run { simulation, _ in
      var foreign = KubeObject(ForeignKinds.knativeServices, namespace: "team", name: "iris-predictor")
      let owner = try await simulation.client.create(
        .configMaps, KubeObject(.configMaps, namespace: "team", name: "other"))
      foreign.ownerReferences = [OwnerReference(controller: owner)]
      foreign.spec = ["template": ["spec": ["containers": [["image": "theirs"]]]]]
      try await simulation.client.create(ForeignKinds.knativeServices, foreign)
      try await simulation.client.create(.inferenceServices, Self.service())
      try await simulation.settle()
      let ready = Conditions.get(try await Self.status(simulation)["conditions"], "PredictorReady")
      #expect(ready?.status == .no && ready?.reason == "ReconcileFailed")
      #expect(ready?.message.contains("belongs to ConfigMap \"other\"") == true)
    }
  }

  // MARK: faults

  /// Whatever write fails, and however: the end is the same.
  @Test(arguments: FaultyTransport.Fault.allCases)
  func everyWriteMayFail(_ fault: FaultyTransport.Fault) async throws {
    try await Self.run(kinds: Self.withIstio) { simulation, _ in
      let first = try Self.service(
        #"""
        {"predictor":{"sklearn":{"storageUri":"pvc://c/a"}},
         "transformer":{"containers":[{"name":"kserve-container","image":"t"}]}}
        """#)
      let wanted = try await simulation.expectEveryWriteMayFail(
        fault, creating: first,
        then: {
          try await Self.change(simulation) {
            $0.json.set(2, at: "spec", "predictor", "containerConcurrency")
            $0.json.set(nil, at: "spec", "transformer")
            $0.labels["tier"] = "gold"
          }
        }, isSame: Self.sameButRevisions)
      #expect(wanted["Service iris-predictor"] != nil && wanted["Service iris-transformer"] == nil)
      #expect(wanted["VirtualService iris"] != nil && wanted["Service iris"] != nil)
    }
  }

  @Test func cutWatchesOnlyDelay() async throws {
    try await Self.run(kinds: Self.withIstio, cuts: 60) { simulation, cluster in
      try await simulation.client.create(.inferenceServices, Self.service())
      for number in 1...4 as ClosedRange<Int64> {
        cluster.fail(number == 2)
        try await Self.change(simulation) {
          $0.json.set(.int(number), at: "spec", "predictor", "containerConcurrency")
        }
        let ready = Conditions.get(try await Self.status(simulation)["conditions"], "Ready")
        #expect(ready?.status == (number == 2 ? .no : .yes), "change \(number)")
        #expect(
          try await Self.knative(simulation).json.at("spec", "template", "spec", "containerConcurrency")
            == .int(number))
      }
    }
  }

  /// Knative counts revisions on; each history has numbers of its own.
  private static func sameButRevisions(_ one: [String: JSONValue], _ other: [String: JSONValue]) -> Bool {
    func neutral(_ snapshot: [String: JSONValue]) -> [String: String] {
      snapshot.mapValues { value in
        String(decoding: value.encoded(), as: UTF8.self)
          .replacing(/-(predictor|transformer)-[0-9]+"/, with: { "-\($0.output.1)-N\"" })
      }
    }
    return neutral(one) == neutral(other)
  }
}

/// What is told where a cluster lacks what is asked for.
@Suite(.timeLimit(.minutes(10))) struct MissingKindsTests {
  private static let podMetric = #"""
    {"predictor":{"sklearn":{},"minReplicas":1,"maxReplicas":3,"autoScaling":{"metrics":[{"type":"PodMetric",
      "podmetric":{"metric":{"backend":"opentelemetry","metricNames":["m"],"query":"q"},
        "target":{"type":"Value","value":"4"}}}]}}}
    """#

  @Test(
    arguments: [
      (#"{"predictor":{"sklearn":{}}}"#, "deploymentMode", "Knative", "VirtualServiceCRDNotFound"),
      (podMetric, "autoscalerClass", "keda", "ScaledObjectCRDNotFound"),
      (podMetric, "autoscalerClass", "keda", "OpenTelemetryCollectorCRDNotFound"),
    ])
  func aMissingKindIsAnEvent(
    _ spec: String, _ annotation: String, _ value: String, _ reason: String
  ) async throws {
    try await withPlatform { platform in
      try await platform.client.create(
        .customResourceDefinitions, ForeignKinds.definition(of: ForeignKinds.knativeServices))
      var service = try platform.service(spec)
      service.annotations = ["serving.kserve.io/\(annotation)": value]
      try await platform.client.create(.inferenceServices, service)
      let event = try await platform.waitForEvent(reason)
      #expect(event["type"] == "Warning")
      if reason == "VirtualServiceCRDNotFound" {
        #expect(
          event["message"]
            == "Istio VirtualService CRD not present; VirtualService reconciliation skipped. If you do not use Istio, set ingress.disableIstioVirtualHost=true."
        )
      }
    }
  }
}
