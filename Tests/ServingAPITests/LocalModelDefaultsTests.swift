import Formats
import KubeProtocol
import ServingAPI
import Testing

private let label = "internal.serving.kserve.io/localmodel"
private let namespaceLabel = "internal.serving.kserve.io/localmodel-namespace"
private let source = "internal.serving.kserve.io/localmodel-sourceuri"
private let claim = "internal.serving.kserve.io/localmodel-pvc-name"

/// Rule 5 of the defaulting: which cache holds a service's model, a row each.
@Suite struct LocalModelDefaultsTests {
  private func cache(
    _ name: String, _ uri: String, groups: [String] = ["gpu", "cpu"], namespace: String? = nil
  ) -> LocalModelCache {
    var object =
      namespace.map { KubeObject(.localModelNamespaceCaches, namespace: $0, name: name) }
      ?? KubeObject(.localModelCaches, name: name)
    object.spec = [
      "sourceModelUri": .string(uri), "modelSize": "1Gi",
      "nodeGroups": .array(groups.map { .string($0) }),
    ]
    return LocalModelCache(object)
  }

  private var enabled: InferenceServiceConfig {
    var configuration = embedded
    configuration.localModel.isEnabled = true
    return configuration
  }

  private func model(_ uri: String) -> String {
    #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"\#(uri)"}}}"#
  }

  private func defaulted(
    _ spec: String, annotations: [String: String] = [:], labels: [String: String] = [:],
    caches: [LocalModelCache]?, configuration: InferenceServiceConfig? = nil
  ) throws -> KubeObject {
    let configuration = configuration ?? enabled
    let object = try makeService(spec, namespace: "team", annotations: annotations, labels: labels)
    let once = ServingDefaulting.apply(to: object, configuration: configuration, caches: caches)
    #expect(
      ServingDefaulting.apply(to: once, configuration: configuration, caches: caches) == once,
      "not idempotent")
    return once
  }

  @Test(arguments: [
    ("s3://b/m", true), ("s3://b/m/", true), ("s3://b/m/sub/dir", true), ("s3://b/m2", false),
    ("s3://b", false), ("", false),
  ])
  func aModelThatACacheHoldsIsLabelled(_ uri: String, _ isHeld: Bool) throws {
    let service = try defaulted(model(uri), caches: [cache("iris", "s3://b/m")])
    #expect(service.labels == (isHeld ? [label: "iris"] : [:]))
    #expect(service.annotations[source] == (isHeld ? "s3://b/m" : nil))
    #expect(service.annotations[claim] == (isHeld ? "iris-gpu" : nil))
  }

  @Test(arguments: [
    #"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#,
    #"{"predictor":{"containers":[{"image":"x","env":[{"name":"STORAGE_URI","value":"s3://b/m"}]}]}}"#,
  ])
  func everyFormOfOneModelIsLookedAt(_ spec: String) throws {
    #expect(try defaulted(spec, caches: [cache("iris", "s3://b/m")]).labels[label] == "iris")
  }

  @Test(arguments: [
    #"{"predictor":{"model":{"modelFormat":{"name":"a"}},"storageUris":[{"uri":"s3://b/m"}]}}"#,
    #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storage":{"path":"m"}}}}"#,
    #"{"predictor":{"containers":[{"image":"x"}]}}"#, #"{"predictor":{}}"#, "{}",
  ])
  func otherFormsAreNotCached(_ spec: String) throws {
    #expect(try defaulted(spec, caches: [cache("iris", "s3://b/m")]).labels == [:])
  }

  @Test(arguments: [("cpu", "iris-cpu"), ("gpu", "iris-gpu"), ("other", nil)] as [(String, String?)])
  func theNodeGroupOfTheServiceMustKeepTheModel(_ group: String, _ expected: String?) throws {
    let service = try defaulted(
      model("s3://b/m"), annotations: ["serving.kserve.io/nodegroup": group],
      caches: [cache("iris", "s3://b/m")])
    #expect(service.annotations[claim] == expected)
    #expect(service.labels[label] == expected.map { _ in "iris" })
  }

  @Test func aFurtherCacheWithTheNodeGroupIsTaken() throws {
    let service = try defaulted(
      model("s3://b/m/sub"), annotations: ["serving.kserve.io/nodegroup": "edge"],
      caches: [cache("a", "s3://b/m"), cache("b", "s3://b/m/sub", groups: ["edge"])])
    #expect(service.annotations[claim] == "b-edge")
    #expect(service.annotations[source] == "s3://b/m/sub")
  }

  @Test func theFirstByNameWinsWhateverTheOrderOfListing() throws {
    let both = [cache("b", "s3://b/m"), cache("a", "s3://b/m/")]
    for caches in [both, both.reversed()] {
      #expect(try defaulted(model("s3://b/m"), caches: caches).labels[label] == "a")
    }
  }

  @Test func aCacheOfTheNamespaceGoesFirstAndOthersNamespacesDoNotCount() throws {
    let caches = [
      cache("a", "s3://b/m"), cache("z", "s3://b/m", namespace: "team"),
      cache("b", "s3://b/m", namespace: "other"),
    ]
    let service = try defaulted(model("s3://b/m"), caches: caches)
    #expect(service.labels == [label: "z", namespaceLabel: "team"])
    #expect(service.annotations[claim] == "z-gpu")
    let wide = try defaulted(model("s3://b/m"), caches: [caches[0], caches[2]])
    #expect(wide.labels == [label: "a"])
  }

  private static let stale = [label: "gone", namespaceLabel: "team", "mine": "stays"]
  private static let staleNotes = [source: "s3://x", claim: "gone-gpu"]

  /// Upstream leaves the labels of an earlier match where caches are turned off; here they go.
  @Test func whatHoldsNoLongerIsTakenOff() throws {
    func left(
      _ annotations: [String: String], caches: [LocalModelCache], _ configuration: InferenceServiceConfig
    ) throws -> KubeObject {
      try defaulted(
        model("s3://b/m"), annotations: Self.staleNotes.merging(annotations) { $1 }, labels: Self.stale,
        caches: caches, configuration: configuration)
    }
    let held = [cache("iris", "s3://b/m")]
    for service in [
      try left([:], caches: [], enabled),
      try left(["serving.kserve.io/disable-localmodel": "true"], caches: held, enabled),
      try left(["serving.kserve.io/disable-localmodel": ""], caches: held, enabled),
      try left([:], caches: held, embedded),
    ] {
      #expect(service.labels == ["mine": "stays"])
      #expect(service.annotations[source] == nil && service.annotations[claim] == nil)
    }
    let moved = try left([:], caches: held, enabled)
    #expect(moved.labels == [label: "iris", "mine": "stays"])
  }

  @Test func whereCachesAreNotKnownEverythingStays() throws {
    let service = try defaulted(
      model("s3://b/m"), annotations: Self.staleNotes, labels: Self.stale, caches: nil)
    #expect(service.labels == Self.stale)
    #expect(service.annotations[claim] == "gone-gpu")
  }

  @Test func anLLMServicesModelIsLookedUpToo() throws {
    var object = KubeObject(.llmInferenceServices, namespace: "team", name: "llm")
    object.spec = ["model": ["uri": "hf://o/m"]]
    let made = ServingDefaulting.apply(
      to: object, configuration: enabled, caches: [cache("big", "hf://o/m")])
    #expect(made.labels == [label: "big"])
    #expect(made.annotations[claim] == "big-gpu")
  }

  @Test(
    arguments: [
      ("s3://b/m", "s3://b/m", ""), ("s3://b/m/", "s3://b/m", ""), ("s3://b/m", "s3://b/m/", ""),
      ("s3://b/m/", "s3://b/m/x//y/", "x/y"), ("s3://b/m", "s3://b/n", nil), ("s3://b/m", "s3://b/m2", nil),
    ] as [(String, String, String?)])
  func thePathBelowTheCachedModelIsKnown(_ cached: String, _ uri: String, _ expected: String?) throws {
    let match = try #require(
      LocalModelMatch(cached, namespace: "team", nodeGroup: nil, caches: [cache("c", cached)]))
    #expect(match.subPath(of: uri) == expected)
  }
}
