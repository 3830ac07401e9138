import Formats
import KubeProtocol
import ServingAPI
import TestSupport
import Testing

@testable import ServingControllers

/// Objects whose members have wrong types at every place: whatever comes, nothing traps and nothing is made
/// up.
@Suite struct MalformedObjectsTests {
  private static let wrongValues: [JSONValue] = [.null, 1, "x", [], [:], [[[:]]], true, ["x": ["x": 1]]]

  /// Every place in the value, as key paths with list positions.
  private static func places(_ value: JSONValue, _ path: [JSONPlace] = []) -> [[JSONPlace]] {
    var found = [path]
    for member in value.object?.members ?? [] {
      found += places(member.value, path + [.key(member.key)])
    }
    for (index, element) in (value.array ?? []).enumerated() {
      found += places(element, path + [.index(index)])
    }
    return found
  }

  private enum JSONPlace {
    case key(String)
    case index(Int)
  }

  private static func replacing(_ value: JSONValue, at path: ArraySlice<JSONPlace>, by other: JSONValue)
    -> JSONValue
  {
    guard let place = path.first else { return other }
    var result = value
    switch place {
    case .key(let key):
      result[key] = replacing(value[key] ?? .null, at: path.dropFirst(), by: other)
    case .index(let index):
      var elements = value.array ?? []
      elements[index] = replacing(elements[index], at: path.dropFirst(), by: other)
      result = .array(elements)
    }
    return result
  }

  private static func mutations(of value: JSONValue) -> [JSONValue] {
    places(value).flatMap { place in wrongValues.map { replacing(value, at: place[...], by: $0) } }
  }

  @Test func everyMalformedServiceIsDeployedOrRefused() throws {
    let specs =
      [try JSONValue(parsing: FullService.spec)]
      + (try [
        #"{"predictor":{"containers":[{"image":"x","env":[{"name":"STORAGE_URI","value":"gs://b/m"}]}]}}"#,
        #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[{"uri":"gs://b/m","mountPath":"/a"}]}}"#,
      ].map { try JSONValue(parsing: $0) })
    var deployed = 0
    var refused = 0
    for (index, spec) in specs.flatMap(Self.mutations).enumerated() {
      var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
      object.spec = spec
      let service = InferenceService(InferenceServiceDefaults.apply(to: object, configuration: embedded))
      _ = InferenceServiceValidation.causes(service.object, old: object)
      let plan = makePlan(service, mode: index.isMultiple(of: 2) ? .standard : .knative)
      if plan.failures.isEmpty {
        #expect(plan.children.contains { $0.object.name.hasPrefix("iris-") })
        deployed += 1
      } else {
        refused += 1
      }
    }
    #expect(deployed > 0 && refused > 0)
  }

  @Test func everyMalformedRuntimeIsTakenOrRefused() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{"storageUri":"pvc://c/p"}}}"#)
    let sklearn = try #require(BuiltInRuntimes.all.first)
    var taken = 0
    for json in Self.mutations(of: sklearn.json) {
      let object = KubeObject(json: json)
      _ = ServingRuntimeValidation.causes(object, others: BuiltInRuntimes.all)
      do {
        let choice = try choose(service, cluster: [ServingRuntime(object)])
        _ = try ComponentPods(configuration: embedded, credentials: NoCredentials())
          .make(try #require(service.component(.predictor)), choice: choice)
        taken += 1
      } catch is ServingFailure {
        continue
      }
    }
    #expect(taken > 0)
  }

  @Test func everyMalformedStatusOfAChildIsRead() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
    let pod = try makePodObject(
      "p",
      status: #"""
        {"initContainerStatuses":[{"name":"storage-initializer","ready":false,"state":{"terminated":{
          "reason":"Error","exitCode":1,"message":"m","finishedAt":"2026-11-21T01:00:00Z"}}}],
         "containerStatuses":[{"name":"kserve-container","state":{"waiting":{"reason":"X","message":"m"}},
          "lastState":{"terminated":{"exitCode":9}}}],
         "conditions":[{"type":"PodScheduled","status":"False","reason":"r","message":"m"}]}
        """#)
    var route = KubeObject(.httpRoutes, namespace: "team", name: "iris")
    route.status = try JSONValue(
      parsing: #"""
        {"parents":[{"parentRef":{"name":"kserve-ingress-gateway","namespace":"kserve"},
          "conditions":[{"type":"Accepted","status":"True","observedGeneration":3}]}]}
        """#)
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    deployment.spec = ["replicas": 1]
    deployment.status = try JSONValue(
      parsing:
        #"{"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"False"}]}"#)
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.hosts = try ServingHosts(service: service, configuration: embedded)
    for (index, original) in [pod, route, deployment].enumerated() {
      for status in Self.mutations(of: original.status ?? [:]) {
        var children = [pod, route, deployment]
        children[index].status = status
        observed.components[0].pods = [children[0]]
        observed.components[0].allPods = [children[0]]
        observed.components[0].deployment = children[2]
        observed.routes = [children[1]]
        let made = ServiceStatus.make(observed, now: moment)
        #expect((made["conditions"]?.array ?? []).count == 4)
      }
    }
  }

  @Test func garbageInTemplatesAndURIsIsRefusedOrTaken() throws {
    let template = PlaceholderTemplate(.init(fields: ["Name": "n"], maps: ["Labels": ["a": "b"]]))
    var random = SeededGenerator(seed: 7)
    let pieces = [
      "{{", "}}", ".Name", ".Labels.", "a", " ", "-", "\"", "index ", "é", "\u{301}", "\u{0}", "://", "gs",
      "pvc", "/", "..",
    ]
    for _ in 0..<5_000 {
      let text = (0..<Int(random.next() % 9)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
        .joined()
      _ = try? template.render(text)
      if let uri = try? StorageURI(text) { #expect(uri.text == text) }
      _ = DNSName.fullyQualifiedProblem(text)
      #expect(MountPaths.volumeName(text).utf8.count <= 63)
      _ = TerminationMessage(text)
      _ = RuntimeImage.resolve(text, version: "1", serverType: "vllmserver", container: [:])
    }
  }
}
