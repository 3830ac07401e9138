import Formats
import KubeProtocol
import ServingAPI
import Testing

struct ScalingPolicyTests {
  private func policy(
    _ component: JSONValue, annotations: [String: String] = [:], mode: DeploymentMode = .standard
  ) -> ScalingPolicy {
    var object = KubeObject(.inferenceServices, namespace: "n", name: "s")
    object.annotations = annotations
    object.spec = ["predictor": component]
    let service = InferenceService(object)
    return .of(service.predictor.component, of: service, mode: mode)
  }

  private func scaling(
    _ component: JSONValue, annotations: [String: String] = [:], mode: DeploymentMode = .knative
  ) throws -> RequestScaling {
    guard case .requests(let scaling) = policy(component, annotations: annotations, mode: mode) else {
      throw KubeError(.invalid, "requests do not scale this component")
    }
    return scaling
  }

  struct Who: Sendable {
    var component: JSONValue
    var annotations: [String: String] = [:]
    var mode = DeploymentMode.standard
    var expected: String
  }

  private static let prefix = "autoscaling.knative.dev/"
  private static let classKey = "serving.kserve.io/autoscalerClass"

  @Test(arguments: [
    Who(component: [:], expected: "hpa"),
    Who(component: [:], mode: .knative, expected: "requests"),
    Who(component: [:], mode: .modelMesh, expected: "none"),
    Who(component: ["minReplicas": 0], expected: "requests"),
    Who(component: ["minReplicas": 0, "scaleMetric": "cpu"], expected: "hpa"),
    Who(component: ["scaleMetric": "concurrency"], expected: "requests"),
    Who(component: ["scaleMetric": "rps"], expected: "requests"),
    Who(component: ["scaleMetric": "memory"], mode: .knative, expected: "hpa"),
    Who(component: ["minReplicas": 0], annotations: [classKey: "none"], expected: "none"),
    Who(component: ["minReplicas": 0], annotations: [classKey: "external"], expected: "external"),
    Who(component: [:], annotations: [classKey: "keda"], mode: .knative, expected: "keda"),
    Who(component: ["scaleMetric": "rps"], annotations: [classKey: "hpa"], expected: "hpa"),
    Who(component: [:], annotations: [prefix + "target": "5"], expected: "requests"),
    Who(component: [:], annotations: [prefix + "metric": "rps"], expected: "requests"),
    Who(component: [:], annotations: [prefix + "metric": "cpu"], expected: "hpa"),
    Who(component: [:], annotations: [prefix + "class": "kpa.autoscaling.knative.dev"], expected: "requests"),
    Who(
      component: [:], annotations: [prefix + "class": "hpa.autoscaling.knative.dev"], mode: .knative,
      expected: "hpa"),
    Who(component: ["annotations": ["autoscaling.knative.dev/target": "5"]], expected: "requests"),
    Who(
      component: ["autoScaling": ["metrics": [["type": "Resource"]]]], mode: .knative, expected: "hpa"),
  ])
  func oneDecides(_ who: Who) {
    #expect(policy(who.component, annotations: who.annotations, mode: who.mode).name == who.expected)
  }

  @Test func withoutFieldsKnativesDefaultsHold() throws {
    let scaling = try scaling([:])
    #expect(scaling == RequestScaling())
    #expect(scaling.target == 70)
    #expect(scaling.panicWindow == .seconds(6))
    #expect(scaling.maximum == nil)
    #expect(scaling.initialReplicas == 1)
  }

  struct Target: Sendable {
    var component: JSONValue
    var annotations: [String: String] = [:]
    var expected: Double
  }

  @Test(arguments: [
    Target(component: [:], expected: 70),
    Target(component: ["scaleTarget": 10], expected: 7),
    Target(component: ["scaleTarget": 1], expected: 1),
    Target(component: ["containerConcurrency": 20], expected: 14),
    Target(component: ["containerConcurrency": 20, "scaleTarget": 50], expected: 14),
    Target(component: ["containerConcurrency": 20, "scaleTarget": 10], expected: 7),
    Target(component: ["scaleMetric": "rps"], expected: 140),
    Target(component: ["scaleMetric": "rps", "scaleTarget": 100, "containerConcurrency": 2], expected: 70),
    Target(component: [:], annotations: ["target": "200"], expected: 140),
    Target(component: ["scaleTarget": 10], annotations: ["target": "200"], expected: 7),
    Target(
      component: ["scaleTarget": 10], annotations: ["target-utilization-percentage": "100"], expected: 10),
    Target(component: ["scaleTarget": 10], annotations: ["targetUtilizationPercentage": "50"], expected: 5),
    Target(component: [:], annotations: ["metric": "rps"], expected: 140),
  ])
  func targetsAreResolvedAsInKnative(_ one: Target) throws {
    let annotations = Dictionary(uniqueKeysWithValues: one.annotations.map { (Self.prefix + $0, $1) })
    #expect(try scaling(one.component, annotations: annotations).target == one.expected)
  }

  @Test func annotationsSetTheRest() throws {
    let names: [String: String] = [
      "min-scale": "2", "max-scale": "9", "initial-scale": "3", "activation-scale": "4", "window": "1m30s",
      "panic-window-percentage": "20", "panic-threshold-percentage": "300", "scale-down-delay": "15m",
      "scale-to-zero-pod-retention-period": "1m5s", "target-burst-capacity": "-1",
    ]
    let annotations = Dictionary(uniqueKeysWithValues: names.map { (Self.prefix + $0, $1) })
    let scaling = try scaling([:], annotations: annotations)
    #expect((scaling.minimum, scaling.maximum, scaling.initial, scaling.activation) == (2, 9, 3, 4))
    #expect(scaling.stableWindow == .seconds(90))
    #expect(scaling.panicWindow == .seconds(18))
    #expect(scaling.panicThreshold == 3)
    #expect(scaling.scaleDownDelay == .seconds(900))
    #expect(scaling.lastPodRetention == .seconds(65))
    #expect(scaling.problems == [])
    #expect(scaling.initialReplicas == 3)
    // The spec's own fields come first.
    let own = try self.scaling(["minReplicas": 0, "maxReplicas": 5], annotations: annotations)
    #expect((own.minimum, own.maximum) == (0, 5))
  }

  @Test func annotationsThatCannotBeUsedAreToldAndTheirDefaultsHold() throws {
    let names: [String: String] = [
      "window": "5s", "panic-window-percentage": "0", "panic-threshold-percentage": "100",
      "target-utilization-percentage": "nan", "target": "0", "min-scale": "-1", "initial-scale": "0",
      "scale-down-delay": "2h", "target-burst-capacity": "many", "max-scale": "99999999999",
    ]
    let annotations = Dictionary(uniqueKeysWithValues: names.map { (Self.prefix + $0, $1) })
    let scaling = try scaling([:], annotations: annotations)
    #expect(scaling.problems.count == names.count)
    for name in names.keys {
      #expect(scaling.problems.contains { $0.hasPrefix("\(Self.prefix)\(name): '") })
    }
    var expected = RequestScaling()
    expected.problems = scaling.problems
    #expect(scaling == expected)
  }

  @Test func hugeNumbersAreHeld() throws {
    let scaling = try scaling([
      "minReplicas": .int(Int64.max), "maxReplicas": .int(Int64.max), "containerConcurrency": .int(Int64.max),
    ])
    #expect(scaling.minimum == Int(Int32.max))
    #expect(scaling.bounded(Int.max) == Int(Int32.max))
  }

  @Test func newDeploymentsBeginWithWhatTheirPolicySays() {
    let sleepy: JSONValue = ["minReplicas": 0]
    func initial(_ component: JSONValue, _ annotations: [String: String] = [:]) -> Int64 {
      policy(component, annotations: annotations).initialReplicas(ComponentSpec(json: component))
    }
    #expect(initial(sleepy) == 1)
    #expect(initial(["minReplicas": 3]) == 3)
    #expect(initial(sleepy, [Self.classKey: "none"]) == 0)
    #expect(initial(sleepy, [Self.classKey: "external"]) == 1)
    #expect(initial(sleepy, [Self.prefix + "initial-scale": "2"]) == 2)
  }

  @Test func servicesTellGatewaysWhatTheyNeed() {
    let component: JSONValue = ["minReplicas": 0, "containerConcurrency": 4]
    #expect(
      policy(component).serviceAnnotations(ComponentSpec(json: component)) == [
        "apus.dev/scaled-by": "requests", "apus.dev/container-concurrency": "4",
      ])
    #expect(
      policy([:]).serviceAnnotations(ComponentSpec(json: [:])) == [
        "apus.dev/scaled-by": "hpa", "apus.dev/container-concurrency": "0",
      ])
  }

  @Test(
    arguments: [
      ("90s", 90_000), ("1m30s", 90_000), ("1.5h", 5_400_000), ("250ms", 250), ("0", 0), ("-5s", -5000),
      ("", nil), ("5", nil), ("s", nil), ("5x", nil), ("1e9s", nil), ("9999999999h", nil), ("-", nil),
      ("1..5s", nil),
    ] as [(String, Int?)])
  func durationsAreGos(text: String, milliseconds: Int?) {
    #expect(GoDuration.parse(text) == milliseconds.map { .milliseconds($0) })
  }

  // MARK: reports

  private let report = LoadReport(
    gateway: "a", interval: .milliseconds(1500),
    loads: [
      .init(
        service: ObjectKey(namespace: "n", name: "s"), requestSeconds: 2.5, arrivals: 7, inFlight: 3,
        waiting: 1)
    ])

  @Test func reportsSurviveTheWay() throws {
    #expect(LoadReport(json: try JSONValue(parsing: report.json.encoded())) == report)
    let empty = LoadReport(gateway: "b", interval: .zero, loads: [])
    #expect(LoadReport(json: empty.json) == empty)
  }

  @Test(
    arguments: [
      ("gateway", ""), ("gateway", 5), ("intervalSeconds", -1), ("intervalSeconds", 4000), ("loads", [:]),
      ("loads", [[:]]), ("loads", [5]), ("intervalSeconds", nil), ("loads", nil),
    ] as [(String, JSONValue?)])
  func reportsThatCannotBeAreRefused(field: String, value: JSONValue?) {
    var json = report.json
    json[field] = value
    #expect(LoadReport(json: json) == nil)
  }

  @Test(
    arguments: [
      ("requestSeconds", -1), ("requestSeconds", "1"), ("arrivals", -1), ("arrivals", 9_999_999_999_999),
      ("waiting", nil), ("service", ""),
    ] as [(String, JSONValue?)])
  func loadsThatCannotBeAreRefused(field: String, value: JSONValue?) {
    var load = report.json["loads"]?[0] ?? [:]
    load[field] = value
    var json = report.json
    json["loads"] = [load]
    #expect(LoadReport(json: json) == nil)
  }
}
