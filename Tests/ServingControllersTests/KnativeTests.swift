import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Knative Services, where a cluster has Knative.
@Suite struct KnativeTests {
  private static let resource = KubeResource(
    group: "serving.knative.dev", version: "v1", plural: "services", kind: "Service", isNamespaced: true)

  private func plan(
    _ spec: String, annotations: [String: String] = [:], rollout: String = "{}"
  ) throws -> ServicePlan {
    var kinds = OptionalKinds()
    kinds.knativeServices = Self.resource
    let all = annotations.merging(["serving.kserve.io/deploymentMode": "Knative"]) { $1 }
    let live = LiveComponent(
      pairs: [], history: [], rollout: RolloutState(try JSONValue(parsing: rollout)))
    return ServicePlanner(
      service: try makeService(spec, annotations: all), mode: .knative, configuration: embedded,
      runtimes: ([], builtIn), credentials: NoCredentials(), live: [.predictor: live], kinds: kinds
    ).plan()
  }

  private func service(_ plan: ServicePlan, _ name: String = "iris-predictor") throws -> KubeObject {
    try plan.child(Self.resource, name)
  }

  @Test func eachComponentIsAKnativeServiceAndNothingElse() throws {
    let plan = try plan(
      #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#)
    #expect(plan.failures.isEmpty)
    #expect(plan.children.map(\.object.name) == ["iris-predictor", "iris-transformer"])
    #expect(plan.children.allSatisfy { $0.resource == Self.resource })
  }

  @Test func scaleAndTimeoutGoIntoTheTemplate() throws {
    let made = try service(
      try plan(
        #"""
        {"predictor":{"sklearn":{},"minReplicas":0,"maxReplicas":3,"scaleTarget":7,"scaleMetric":"rps",
          "containerConcurrency":4,"timeout":9}}
        """#, annotations: ["serving.knative.dev/rollout-duration": "60s"]))
    let annotations = KubeObject.stringMap(made.json.at("spec", "template", "metadata", "annotations"))
    #expect(annotations["autoscaling.knative.dev/class"] == "kpa.autoscaling.knative.dev")
    #expect(annotations["autoscaling.knative.dev/min-scale"] == "0")
    #expect(annotations["autoscaling.knative.dev/max-scale"] == "3")
    #expect(annotations["autoscaling.knative.dev/target"] == "7")
    #expect(annotations["autoscaling.knative.dev/metric"] == "rps")
    #expect(annotations["serving.knative.dev/rollout-duration"] == nil)
    #expect(made.annotations["serving.knative.dev/rollout-duration"] == "60s")
    let pods = made.json.at("spec", "template", "spec")
    #expect(pods?["containerConcurrency"]?.int == 4)
    #expect(pods?["timeoutSeconds"]?.int == 9 && pods?["responseStartTimeoutSeconds"]?.int == 9)
    #expect(pods?["restartPolicy"] == nil)
  }

  @Test func trafficIsSplitOnceSomethingIsRolledOut() throws {
    let spec = #"{"predictor":{"sklearn":{},"canaryTrafficPercent":20}}"#
    let first = try service(try plan(spec)).spec?["traffic"]
    #expect(first == [["latestRevision": true, "percent": 100]])
    let split = try service(
      try plan(
        spec, annotations: ["serving.kserve.io/enable-tag-routing": "true"],
        rollout: #"{"latestRolledoutRevision":"iris-predictor-00001"}"#)
    ).spec?["traffic"]
    #expect(
      split == [
        ["latestRevision": true, "percent": 20, "tag": "latest"],
        [
          "revisionName": "iris-predictor-00001", "latestRevision": false, "percent": 80, "tag": "prev",
        ],
      ])
  }

  private func knative(_ status: String) throws -> KubeObject {
    var object = KubeObject(Self.resource, namespace: "team", name: "iris-predictor")
    object.generation = 1
    object.status = try JSONValue(parsing: status)
    return object
  }

  @Test func itsStatusIsCopied() throws {
    let service = try makeService(
      #"{"predictor":{"sklearn":{}}}"#, annotations: ["serving.kserve.io/deploymentMode": "Knative"])
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .knative)
    observed.usesKnative = true
    observed.components[0].knative = try knative(
      #"""
      {"observedGeneration":1,"url":"http://iris-predictor.team.example.com",
       "latestCreatedRevisionName":"r2","latestReadyRevisionName":"r2",
       "traffic":[{"latestRevision":true,"percent":100,"revisionName":"r2"}],
       "conditions":[{"type":"Ready","status":"True"},{"type":"RoutesReady","status":"True"},
         {"type":"ConfigurationsReady","status":"True"}]}
      """#)
    let status = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.isTrue(status["conditions"], "Ready"))
    for type in ["PredictorReady", "PredictorRouteReady", "RoutesReady", "LatestDeploymentReady"] {
      #expect(Conditions.isTrue(status["conditions"], type))
    }
    #expect(status["url"] == "http://iris-predictor.team.example.com")
    #expect(status.at("components", "predictor", "latestRolledoutRevision") == "r2")
    observed.components[0].knative = try knative(
      #"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"False","reason":"R","message":"m"}]}"#
    )
    let failed = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.get(failed["conditions"], "Ready")?.message == "m")
    observed.components[0].knative?.generation = 2
    let late = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.get(late["conditions"], "Ready")?.status == .unknown, "not of this generation")
  }

  @Test(arguments: [
    // (stored rolled out, previous, latest ready, percent) → (rolled out, previous)
    ("", "", "r1", 100, "r1", ""), ("r1", "", "r2", 10, "r1", ""), ("r1", "", "r2", 100, "r2", "r1"),
    ("r2", "r1", "r2", 10, "r1", "r1"), ("r2", "r1", "r2", 100, "r2", "r1"),
  ])
  func whatIsRolledOutFollowsUpstreamsBookkeeping(
    _ rolledOut: String, _ previous: String, _ ready: String, _ percent: Int64, _ expected: String,
    _ before: String
  ) throws {
    let other = rolledOut.isEmpty ? "x" : rolledOut
    let object = try knative(
      #"""
      {"latestCreatedRevisionName":"\#(ready)","latestReadyRevisionName":"\#(ready)",
       "traffic":[{"latestRevision":true,"percent":\#(percent),"revisionName":"\#(ready)"},
                  {"latestRevision":false,"percent":\#(100 - percent),"revisionName":"\#(other)"}]}
      """#)
    let stored = RolloutState([
      "latestRolledoutRevision": .string(rolledOut), "previousRolledoutRevision": .string(previous),
    ])
    let state = KnativeStatus(kind: .predictor, object: object).rollout(after: stored)
    #expect(state.latestRolledOut ?? "" == expected)
    #expect(state.previousRolledOut ?? "" == before)
  }
}
