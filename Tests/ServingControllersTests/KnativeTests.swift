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
    _ spec: String, annotations: [String: String] = [:], labels: [String: String] = [:],
    rollout: String = "{}", configuration: InferenceServiceConfig = embedded,
    settings: KnativeSettings = KnativeSettings()
  ) throws -> ServicePlan {
    var kinds = OptionalKinds()
    kinds.knativeServices = Self.resource
    let all = annotations.merging(["serving.kserve.io/deploymentMode": "Knative"]) { $1 }
    let live = LiveComponent(
      pairs: [], history: [], rollout: RolloutState(try JSONValue(parsing: rollout)))
    return ServicePlanner(
      service: try makeService(spec, annotations: all, labels: labels), mode: .knative,
      configuration: configuration, runtimes: ([], builtIn), credentials: NoCredentials(),
      live: [.predictor: live], kinds: kinds, knative: settings
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

  @Test func whatStandardModeWritesOutIsLeftToKnative() throws {
    let plain = try service(try plan(#"{"predictor":{"sklearn":{}}}"#)).json.at("spec", "template", "spec")
    for field in ["restartPolicy", "terminationGracePeriodSeconds", "dnsPolicy", "schedulerName"] {
      #expect(plain?[field] == nil, "\(field)")
    }
    #expect(plain?["timeoutSeconds"] == nil && plain?["responseStartTimeoutSeconds"] == nil)
    #expect(plain?["containerConcurrency"] == nil)
    #expect(plain?["containers"]?[0]?["readinessProbe"] == nil)
    let own = try service(
      try plan(
        #"""
        {"predictor":{"sklearn":{"readinessProbe":{"httpGet":{"path":"/own","port":8080}}},
          "schedulerName":"volcano","dnsPolicy":"None"}}
        """#)
    ).json.at("spec", "template", "spec")
    #expect(own?["schedulerName"] == "volcano" && own?["dnsPolicy"] == "None", "the user's own stay")
    #expect(own?["containers"]?[0]?.at("readinessProbe", "httpGet", "path") == "/own")
  }

  @Test(
    arguments: [
      ("0", true, "0"), ("0", false, nil), ("2", false, "2"), ("two", true, nil), ("-1", true, nil),
    ] as [(String, Bool, String?)])
  func theClusterAllowsABeginWithNothing(_ given: String, _ isAllowed: Bool, _ expected: String?) throws {
    var configMap = KubeObject(.configMaps, namespace: "knative-serving", name: "config-autoscaler")
    configMap["data"] = ["allow-zero-initial-scale": .string(isAllowed ? "true" : "false")]
    let made = try service(
      try plan(
        #"{"predictor":{"sklearn":{}}}"#, annotations: ["autoscaling.knative.dev/initial-scale": given],
        settings: KnativeSettings(autoscaler: configMap, domain: nil)))
    let found = KubeObject.stringMap(made.json.at("spec", "template", "metadata", "annotations"))
    #expect(found["autoscaling.knative.dev/initial-scale"] == expected)
  }

  @Test func withoutItsConfigMapsKnativesDefaultsHold() {
    #expect(KnativeSettings(autoscaler: nil, domain: nil) == KnativeSettings())
    #expect(!KnativeSettings().allowsZeroInitialScale)
    var domain = KubeObject(.configMaps, namespace: "knative-serving", name: "config-domain")
    domain["data"] = ["_example": "text", "b.corp": "", "a.corp": "selector: {}"]
    #expect(KnativeSettings(autoscaler: nil, domain: domain).domains == ["a.corp", "b.corp"])
    #expect(KnativeSettings.isSource(domain))
    domain.namespace = "team"
    #expect(!KnativeSettings.isSource(domain))
  }

  @Test func labelsThatDoNotReachPodsStandOnTheService() throws {
    var configuration = embedded
    configuration.notPropagatedLabels = ["team.corp/cost"]
    let made = try service(
      try plan(
        #"{"predictor":{"sklearn":{},"labels":{"own":"x"}}}"#,
        labels: ["team.corp/cost": "7", "networking.knative.dev/visibility": "cluster-local"],
        configuration: configuration))
    let template = KubeObject.stringMap(made.json.at("spec", "template", "metadata", "labels"))
    #expect(made.labels["team.corp/cost"] == "7" && template["team.corp/cost"] == nil)
    #expect(made.labels["networking.knative.dev/visibility"] == "cluster-local")
    #expect(template["networking.knative.dev/visibility"] == nil)
    for labels in [made.labels, template] {
      #expect(labels["own"] == "x")
      #expect(labels["serving.kserve.io/inferenceservice"] == "iris" && labels["component"] == "predictor")
    }
  }

  @Test(
    arguments: [([:], nil), (["serving.kserve.io/enable-tag-routing": "true"], "latest")]
      as [([String: String], String?)])
  func theNewestRevisionHasATagOnDemand(_ annotations: [String: String], _ tag: String?) throws {
    let rows = [("", "{}"), (#","canaryTrafficPercent":5"#, #"{"latestRolledoutRevision":"r"}"#)]
    for (share, rollout) in rows {
      let made = try service(
        try plan(
          #"{"predictor":{"sklearn":{}\#(share)}}"#, annotations: annotations, rollout: rollout))
      #expect(made.spec?["traffic"]?[0]?["tag"]?.string == tag)
    }
  }

  @Test func aPredictorsOwnNameNamesItsService() throws {
    let plan = try plan(#"{"predictor":{"name":"v2","sklearn":{}}}"#)
    #expect(plan.children.map(\.object.name) == ["iris-v2-predictor"])
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
    func look(_ object: KubeObject) {
      observed.components[0].knative = object
      observed.knativeRouting = KnativeRouting(
        observed.service, embedded, virtualServices: nil, settings: KnativeSettings(),
        services: [.predictor: object])
    }
    try look(
      knative(
        #"""
        {"observedGeneration":1,"url":"http://iris-predictor.team.example.com",
         "latestCreatedRevisionName":"r2","latestReadyRevisionName":"r2",
         "traffic":[{"latestRevision":true,"percent":100,"revisionName":"r2"}],
         "conditions":[{"type":"Ready","status":"True"},{"type":"RoutesReady","status":"True"},
           {"type":"ConfigurationsReady","status":"True"}]}
        """#))
    let status = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.isTrue(status["conditions"], "Ready"))
    for type in ["PredictorReady", "PredictorRouteReady", "RoutesReady", "LatestDeploymentReady"] {
      #expect(Conditions.isTrue(status["conditions"], type))
    }
    #expect(status["url"] == "http://iris-predictor.team.example.com")
    #expect(status.at("components", "predictor", "latestRolledoutRevision") == "r2")
    var failing = try knative(
      #"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"False","reason":"R","message":"m"}]}"#
    )
    look(failing)
    let failed = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.get(failed["conditions"], "Ready")?.message == "m")
    failing.generation = 2
    look(failing)
    let late = ServiceStatus.make(observed, now: moment)
    #expect(Conditions.get(late["conditions"], "Ready")?.status == .unknown, "not of this generation")
  }

  @Test(
    arguments: [
      // Ready, RoutesReady, ConfigurationsReady of the predictor and of the transformer → RoutesReady and
      // LatestDeploymentReady of the service.
      (["True", "True", "True"], ["True", "True", "True"], ("True", ""), ("True", "")),
      (
        ["True", "True", "True"], ["False", "False", "True"],
        ("False", "TransformerRouteReady not ready"), ("True", "")
      ),
      (
        ["Unknown", "Unknown", "True"], ["True", "True", "Unknown"],
        ("Unknown", "PredictorRouteReady not ready"), ("Unknown", "TransformerConfigurationReady not ready")
      ),
      (
        ["False", "Unknown", "False"], ["True", "False", "True"],
        ("False", "TransformerRouteReady not ready"), ("False", "PredictorConfigurationReady not ready")
      ),
    ] as [([String], [String], (String, String), (String, String))])
  func whatKnativeSaysOfEachIsAggregated(
    _ predictor: [String], _ transformer: [String], _ routes: (String, String), _ latest: (String, String)
  ) throws {
    let service = try makeService(
      #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#,
      annotations: ["serving.kserve.io/deploymentMode": "Knative"])
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .knative)
    observed.usesKnative = true
    for (index, states) in [predictor, transformer].enumerated() {
      let conditions = zip(["Ready", "RoutesReady", "ConfigurationsReady"], states).map {
        #"{"type":"\#($0)","status":"\#($1)","reason":"because"}"#
      }
      observed.components[index].knative = try knative(
        #"{"observedGeneration":1,"conditions":[\#(conditions.joined(separator: ","))]}"#)
    }
    let found = ServiceStatus.make(observed, now: moment)["conditions"]
    for (type, expected) in [("RoutesReady", routes), ("LatestDeploymentReady", latest)] {
      #expect(Conditions.get(found, type)?.status.rawValue == expected.0, "\(type)")
      #expect(Conditions.get(found, type)?.reason == expected.1, "\(type)")
    }
    for (kind, states) in [(ComponentKind.predictor, predictor), (.transformer, transformer)] {
      let types = [kind.readyCondition, kind.routeCondition, kind.configurationCondition]
      #expect(types.map { Conditions.get(found, $0)?.status.rawValue } == states)
      #expect(Conditions.get(found, kind.readyCondition)?.reason == "because")
    }
  }

  @Test func addressesStandOnceKnativeIsReadyAndStay() throws {
    let ready = try knative(
      #"""
      {"observedGeneration":1,"url":"http://new","address":{"url":"http://inner"},
       "conditions":[{"type":"Ready","status":"True"}]}
      """#)
    let waiting = try knative(
      #"{"observedGeneration":1,"url":"http://new","conditions":[{"type":"Ready","status":"Unknown"}]}"#)
    let old: JSONValue = ["url": "http://old"]
    func url(_ object: KubeObject, _ stored: JSONValue?) -> String? {
      KnativeStatus(kind: .predictor, object: object).component(after: stored)["url"]?.string
    }
    #expect(url(ready, old) == "http://new" && url(ready, nil) == "http://new")
    #expect(url(waiting, old) == "http://old" && url(waiting, nil) == nil)
    let component = KnativeStatus(kind: .predictor, object: ready).component(after: nil)
    #expect(component.at("address", "url") == "http://inner")
  }

  @Test func whatKnativeFilledInWhenItMadeTheServiceStays() throws {
    for (links, expected) in [("false", false), ("true", nil)] as [(String, Bool?)] {
      var existing = try knative("{}")
      existing.spec = try JSONValue(parsing: #"{"template":{"spec":{"enableServiceLinks":\#(links)}}}"#)
      let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
      let children = KnativeChildren(
        component: try #require(service.component(.predictor)), resource: Self.resource,
        template: try makePod(service), rollout: RolloutState(), existing: existing)
      let found = children.make().json.at("spec", "template", "spec", "enableServiceLinks")
      #expect(found?.bool == expected)
    }
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
