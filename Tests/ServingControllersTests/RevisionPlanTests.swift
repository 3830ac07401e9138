import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// One component over time: each step gives the plan what the one before has made.
struct ComponentHistory {
  var live = LiveComponent()

  /// Plans the spec and takes over what a controller would store; new Deployments are not ready.
  @discardableResult
  mutating func apply(_ spec: String, annotations: [String: String] = [:]) throws -> ComponentPlan {
    let service = try makeService(spec, annotations: annotations)
    let plan = makePlan(service, live: [.predictor: live])
    if let failure = plan.failures[.predictor] { throw failure }
    let part = try #require(plan.components[.predictor])
    live.rollout = part.revisions.state
    live.history[part.revisions.current.name] = part.revisions.current
    let wanted = Set(part.workloads.map(\.name)).union(part.revisions.kept)
    live.pairs = live.pairs.filter { wanted.contains($0.key) }
    for child in plan.children where child.resource == .deployments {
      var deployment = child.object
      let existing = live.pairs[deployment.name]
      if let existing, existing.revision == deployment.annotations[Revision.label] { continue }
      deployment.generation = (existing?.deployment.generation ?? 0) + 1
      deployment.status = existing?.deployment.status
      live.pairs[deployment.name] = LivePair(deployment: deployment, pods: existing?.pods ?? [])
    }
    return part
  }

  /// The pair's pods, all of its present template, work.
  mutating func makeReady(_ name: String) throws {
    var pair = try #require(live.pairs[name])
    pair.deployment.status = [
      "observedGeneration": .int(pair.deployment.generation), "replicas": 1, "updatedReplicas": 1,
      "availableReplicas": 1,
    ]
    pair.pods = [try makePodObject("\(name)-1", phase: "Running", ready: true)]
    live.pairs[name] = pair
  }

  mutating func makeUnready(_ name: String) throws {
    live.pairs[name]?.pods = [try makePodObject("\(name)-1", phase: "Running")]
  }
}

@Suite struct RevisionPlanTests {
  private func spec(_ model: String, _ percent: Int? = nil) -> String {
    let share = percent.map { #","canaryTrafficPercent":\#($0)"# } ?? ""
    return #"{"predictor":{"sklearn":{"storageUri":"pvc://c/\#(model)"}\#(share)}}"#
  }

  /// `service=percent` of each target.
  private func shares(_ plan: ComponentPlan) -> [String: Int64] {
    Dictionary(plan.targets.map { ($0.service, $0.percent) }) { $0 + $1 }
  }

  /// A history with one model rolled out; gives its revision.
  private func rolledOut(_ model: String, _ history: inout ComponentHistory) throws -> String {
    try history.apply(spec(model))
    try history.makeReady("iris-predictor")
    return try history.apply(spec(model)).revisions.current.name
  }

  @Test func aNameIsMadeOfTheTemplatesHash() throws {
    var history = ComponentHistory()
    let first = try history.apply(spec("a")).revisions.current.name
    let again = try history.apply(spec("a")).revisions.current.name
    let other = try history.apply(spec("b")).revisions.current.name
    #expect(first == again)
    #expect(first != other)
    #expect(first.hasPrefix("iris-predictor-") && first.utf8.count == "iris-predictor-".utf8.count + 8)
    let component = try #require(
      try makeService(spec("a"), name: String(repeating: "n", count: 52)).component(.predictor))
    let long = Revision(component, PodTemplate(labels: [:], annotations: [:], spec: ["containers": []]))
    #expect(long.name.utf8.count == 63)
  }

  @Test func theFirstRevisionGetsEverythingWhateverTheSharesSay() throws {
    var history = ComponentHistory()
    let plan = try history.apply(spec("a", 10))
    #expect(plan.workloads.map(\.name) == ["iris-predictor"])
    #expect(shares(plan) == ["iris-predictor": 100])
    #expect(plan.revisions.state.latestReady == nil, "it is not ready yet")
    #expect(plan.revisions.state.latestCreated == plan.revisions.current.name)
    try history.makeReady("iris-predictor")
    let ready = try history.apply(spec("a", 10))
    #expect(ready.revisions.state.latestReady == ready.revisions.current.name)
    #expect(ready.revisions.state.latestRolledOut == ready.revisions.current.name)
    #expect(ready.revisions.state.previousRolledOut == nil)
    #expect(shares(try history.apply(spec("a", 10))) == ["iris-predictor": 100])
  }

  @Test func withoutSharesTheOwnPairIsUpdatedInPlace() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let second = try history.apply(spec("b"))
    #expect(second.workloads.map(\.name) == ["iris-predictor"])
    #expect(second.workloads[0].revision == second.revisions.current.name)
    #expect(shares(second) == ["iris-predictor": 100])
    #expect(second.revisions.state.latestRolledOut == first, "the new one is not ready")
    #expect(second.revisions.state.latestReady == first)
    try history.makeReady("iris-predictor")
    let done = try history.apply(spec("b"))
    #expect(done.revisions.state.latestRolledOut == done.revisions.current.name)
    #expect(done.revisions.state.previousRolledOut == first)
  }

  @Test func aCanaryGetsItsShareOnceItIsReady() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let waiting = try history.apply(spec("b", 10))
    let canary = waiting.revisions.current.name
    #expect(waiting.workloads.map(\.name) == ["iris-predictor", canary])
    #expect(waiting.workloads[0].revision == first, "what is rolled out stays")
    #expect(shares(waiting) == ["iris-predictor": 100, canary: 0])
    #expect(waiting.targets.map(\.tag) == [nil, "prev"])
    try history.makeReady(canary)
    let ready = try history.apply(spec("b", 10))
    #expect(shares(ready) == ["iris-predictor": 90, canary: 10])
    #expect(ready.revisions.state.latestReady == canary)
    #expect(ready.revisions.state.latestRolledOut == first)
    #expect(shares(try history.apply(spec("b", 0))) == ["iris-predictor": 100, canary: 0])
    try history.makeUnready(canary)
    #expect(shares(try history.apply(spec("b", 30))) == ["iris-predictor": 100, canary: 0])
  }

  @Test(arguments: [nil, 100])
  func promotionMovesTheTemplateAndThenTheTraffic(_ percent: Int?) throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let canary = try history.apply(spec("b", 10)).revisions.current.name
    try history.makeReady(canary)
    try history.apply(spec("b", 10))

    let promoted = try history.apply(spec("b", percent))
    #expect(promoted.workloads.map(\.name) == ["iris-predictor"])
    #expect(promoted.workloads[0].revision == canary)
    #expect(shares(promoted) == [canary: 100], "the second pair has it until the first one does")
    #expect(promoted.revisions.kept == [canary])
    #expect(promoted.revisions.state.latestRolledOut == canary)
    #expect(promoted.revisions.state.previousRolledOut == first)
    try history.makeReady("iris-predictor")
    let done = try history.apply(spec("b", percent))
    #expect(shares(done) == ["iris-predictor": 100])
    #expect(done.revisions.kept.isEmpty)
  }

  @Test func aCanaryThatNeverWasReadyIsPromotedInPlace() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    try history.apply(spec("b", 10))
    let promoted = try history.apply(spec("b"))
    #expect(shares(promoted) == ["iris-predictor": 100])
    #expect(promoted.revisions.kept.isEmpty)
    #expect(promoted.revisions.state.latestRolledOut == first)
  }

  @Test func aCanaryThatIsTakenBackLeavesNothing() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let second = try rolledOut("b", &history)
    let canary = try history.apply(spec("c", 20)).revisions.current.name
    try history.makeReady(canary)
    #expect(shares(try history.apply(spec("c", 20))) == ["iris-predictor": 80, canary: 20])
    // Only the model is put back; the share stays in the spec.
    for _ in 0..<3 {
      let back = try history.apply(spec("b", 20))
      #expect(back.workloads.map(\.name) == ["iris-predictor"])
      #expect(back.workloads[0].revision == second, "not the one before: \(first)")
      #expect(shares(back) == ["iris-predictor": 100])
    }
  }

  @Test func takingBackTheShareOfWhatWasRolledOutReturnsToTheOneBefore() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let second = try rolledOut("b", &history)
    let back = try history.apply(spec("b", 0))
    #expect(back.workloads.map(\.name) == ["iris-predictor", second])
    #expect(back.workloads[0].revision == first)
    #expect(back.revisions.state.latestRolledOut == first)
    let kept = try history.apply(spec("b", 0))
    #expect(kept.workloads[0].revision == first, "and it stays so")
    try history.makeReady("iris-predictor")
    try history.makeReady(second)
    #expect(shares(try history.apply(spec("b", 25))) == ["iris-predictor": 75, second: 25])
  }

  @Test func aSecondCanaryReplacesTheFirst() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    let canary = try history.apply(spec("b", 10)).revisions.current.name
    try history.makeReady(canary)
    try history.apply(spec("b", 10))
    let next = try history.apply(spec("c", 10))
    #expect(next.workloads.map(\.name) == ["iris-predictor", next.revisions.current.name])
    #expect(next.workloads[0].revision == first)
    #expect(shares(next) == ["iris-predictor": 100, next.revisions.current.name: 0])
  }

  @Test func aLostDeploymentDoesNotPromoteTheCanary() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    try history.apply(spec("b", 10))
    history.live.pairs["iris-predictor"] = nil
    let plan = try history.apply(spec("b", 10))
    #expect(plan.workloads[0].revision == first)
    #expect(plan.workloads[0].template != nil, "it is made anew from history")
  }

  @Test func withoutHistoryTheOwnPairStaysAsItIs() throws {
    var history = ComponentHistory()
    let first = try rolledOut("a", &history)
    history.live.history = [:]
    let plan = try history.apply(spec("b", 10))
    #expect(plan.workloads[0].revision == first)
    #expect(plan.workloads[0].template == nil)
  }

  @Test func tagsHaveHostsOfTheirOwn() throws {
    let annotations = ["serving.kserve.io/enable-tag-routing": "true"]
    var history = ComponentHistory()
    try history.apply(spec("a"), annotations: annotations)
    try history.makeReady("iris-predictor")
    try history.apply(spec("a"), annotations: annotations)
    let service = try makeService(spec("b", 10), annotations: annotations)
    let routes = makePlan(service, live: [.predictor: history.live]).routes
    #expect(
      routes.map(\.name) == ["iris-predictor", "iris-predictor-latest", "iris-predictor-prev", "iris"])
    #expect(routes[1].spec?["hostnames"] == ["latest-iris-predictor-team.localhost"])
    #expect(routes[1].spec?["rules"]?[0]?["backendRefs"]?.array?.count == 1)
    #expect(routes[1].spec?["rules"]?[0]?["backendRefs"]?[0]?["weight"] == 1)
    let plain = makePlan(try makeService(spec("b", 10)), live: [.predictor: history.live]).routes
    #expect(plain.map(\.name) == ["iris-predictor", "iris-predictor-prev", "iris"])
  }

  @Test func switchesMakeNoRevision() throws {
    var history = ComponentHistory()
    let first = try history.apply(spec("a")).revisions.current.name
    for name in ["stop", "disable-auto-update", "enable-tag-routing"] {
      let plan = try history.apply(spec("a"), annotations: ["serving.kserve.io/\(name)": "x"])
      #expect(plan.revisions.current.name == first)
    }
  }

  @Test func numbersCountUpAndComeBack() throws {
    var history = ComponentHistory()
    #expect(try history.apply(spec("a")).revisions.current.number == 1)
    #expect(try history.apply(spec("b")).revisions.current.number == 2)
    #expect(try history.apply(spec("b")).revisions.current.number == 2)
    #expect(try history.apply(spec("a")).revisions.current.number == 3)
  }
}

/// What transformers reach when they ask the predictor by its name inside the cluster.
@Suite struct InsideRequestsTests {
  private func spec(_ model: String, _ percent: Int? = nil, transformer: Bool = true) -> String {
    let share = percent.map { #","canaryTrafficPercent":\#($0)"# } ?? ""
    let other = transformer ? #","transformer":{"containers":[{"image":"t"}]}"# : ""
    return #"{"predictor":{"sklearn":{"storageUri":"pvc://c/\#(model)"}\#(share)}\#(other)}"#
  }

  private func isReachedByGateway(_ plan: ServicePlan) throws -> Bool {
    try plan.child(.services, "iris-predictor").annotations["apus.dev/reached-by"] == "gateway"
  }

  @Test func thePredictorsRouteKnowsItsNamesWhereOthersAskIt() throws {
    let route = try #require(makePlan(try makeService(spec("a"))).routes.first)
    #expect(
      route.spec?["hostnames"] == [
        "iris-predictor-team.localhost", "iris-predictor.team.localhost", "iris-predictor.team",
        "iris-predictor.team.svc", "iris-predictor.team.svc.cluster.local",
      ])
    let alone = try #require(makePlan(try makeService(spec("a", transformer: false))).routes.first)
    #expect(alone.spec?["hostnames"]?.array?.count == 2)
  }

  /// Directly while one revision has everything, by the gateway while several share it, and never before
  /// the gateway knows the name.
  @Test func requestsOfATransformerAreSplitOnceTheGatewayKnowsTheName() throws {
    var history = ComponentHistory()
    try history.apply(spec("a"))
    try history.makeReady("iris-predictor")
    try history.apply(spec("a"))
    history.live.isRoutedInside = true
    func plan(_ spec: String) throws -> ServicePlan {
      makePlan(try makeService(spec), live: [.predictor: history.live])
    }
    #expect(try !isReachedByGateway(plan(spec("a"))))
    let canary = try history.apply(spec("b", 30)).revisions.current.name
    #expect(try !isReachedByGateway(plan(spec("b", 30))), "it is not ready")
    try history.makeReady(canary)
    try history.apply(spec("b", 30))
    #expect(try isReachedByGateway(plan(spec("b", 30))))
    #expect(try !isReachedByGateway(plan(spec("b", 0))))
    #expect(try !isReachedByGateway(plan(spec("b", 30, transformer: false))))
    history.live.isRoutedInside = false
    #expect(try !isReachedByGateway(plan(spec("b", 30))))
    // While the canary's pair has everything, on its promotion.
    history.live.isRoutedInside = true
    try history.apply(spec("b"))
    #expect(try isReachedByGateway(plan(spec("b"))))
    try history.makeReady("iris-predictor")
    try history.apply(spec("b"))
    #expect(try !isReachedByGateway(plan(spec("b"))))
  }

  @Test func aRenamedPredictorIsFoundByItsFormerNameWhileItIsThere() throws {
    var history = ComponentHistory()
    try history.apply(spec("a"))
    try history.makeReady("iris-predictor")
    try history.apply(spec("a"))
    let renamed = #"""
      {"predictor":{"name":"v2","sklearn":{"storageUri":"pvc://c/b"}},"transformer":{"containers":[{"image":"t"}]}}
      """#
    let route = try #require(
      makePlan(try makeService(renamed), live: [.predictor: history.live]).routes.first)
    let hosts = (route.spec?["hostnames"]?.array ?? []).compactMap(\.string)
    #expect(hosts.contains("iris-v2-predictor.team") && hosts.contains("iris-predictor.team"))
  }
}
