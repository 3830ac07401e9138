import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct RuntimeSelectionTests {
  private func model(_ fields: String = "") throws -> InferenceService {
    try makeService(
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"}\#(fields.isEmpty ? "" : ",\(fields)")}}}"#)
  }

  private static let plain = #"[{"name":"sklearn","version":"1","autoSelect":true,"priority":1}]"#

  @Test func theFirstProtocolMeansSklearnserverAndTheSecondMLServer() throws {
    let first = try choose(try model())
    #expect(first.runtime.name == "kserve-sklearnserver")
    #expect(first.protocolVersion == "v1")
    let second = try choose(try model(#""protocolVersion":"v2""#))
    #expect(second.runtime.name == "kserve-mlserver", "its priority is higher")
    #expect(second.protocolVersion == "v2")
  }

  @Test func runtimesOfTheNamespaceComeFirst() throws {
    let own = try makeRuntime("own", formats: #"[{"name":"sklearn","autoSelect":true}]"#, namespace: "team")
    #expect(try choose(try model(), namespace: [own]).runtime.name == "own")
    let unfit = try makeRuntime("own", formats: #"[{"name":"sklearn"}]"#, namespace: "team")
    #expect(try choose(try model(), namespace: [unfit]).runtime.name == "kserve-sklearnserver")
  }

  @Test func priorityThenProtocolThenAgeThenNameDecide() throws {
    func runtime(_ name: String, _ priority: Int?, protocols: [String] = ["v1"], created: Int64 = 0) throws
      -> ServingRuntime
    {
      let priority = priority.map { #","priority":\#($0)"# } ?? ""
      return try makeRuntime(
        name, formats: #"[{"name":"sklearn","version":"1","autoSelect":true\#(priority)}]"#,
        protocols: protocols,
        created: created)
    }
    func first(_ runtimes: [ServingRuntime]) throws -> String {
      let names = try [runtimes, runtimes.reversed()].map {
        try choose(try model(), cluster: $0).runtime.name
      }
      #expect(names[0] == names[1], "the order of listing must not matter")
      return names[0]
    }
    #expect(try first([runtime("low", 1), runtime("high", 2)]) == "high")
    #expect(try first([runtime("none", nil), runtime("some", 1)]) == "some")
    #expect(try first([runtime("open", 1, protocols: []), runtime("named", 1)]) == "named")
    #expect(try first([runtime("old", 1, created: 1), runtime("new", 1, created: 2)]) == "new")
    #expect(try first([runtime("b", 1), runtime("a", 1)]) == "a")
    #expect(try first([runtime("b", 2, created: 1), runtime("a", 1, created: 9)]) == "b")
  }

  @Test func onlyTheFirstEntryOfAFormatGivesThePriority() throws {
    let twice = try makeRuntime(
      "twice",
      formats:
        #"[{"name":"sklearn","version":"0","autoSelect":true,"priority":1},{"name":"sklearn","version":"1","autoSelect":true,"priority":9}]"#
    )
    let other = try makeRuntime(
      "other", formats: #"[{"name":"sklearn","version":"1","autoSelect":true,"priority":2}]"#)
    #expect(try choose(try model(), cluster: [twice, other]).runtime.name == "other")
  }

  @Test(arguments: [
    (#"{"disabled":true}"#, "is disabled"), (#"{"multiModel":true}"#, "serves several models per server"),
    (#"{"protocolVersions":["v2","grpc-v2"]}"#, "does not speak v1, only v2, grpc-v2"),
    (#"{"workerSpec":{}}"#, "needs a workerSpec in the service"),
    (
      #"{"supportedModelFormats":[{"name":"sklearn"}]}"#,
      "serves sklearn only where it is named (autoSelect is not set)"
    ),
    (
      #"{"supportedModelFormats":[{"name":"onnx","autoSelect":true}]}"#, "does not support the format sklearn"
    ),
  ])
  func eachRefusalHasItsReason(_ extra: String, _ refusal: String) throws {
    let runtime = try makeRuntime("r", formats: Self.plain, extra: extra)
    let selection = RuntimeSelection(
      model: try #require(try model().predictor.model), hasWorkers: false, namespaceRuntimes: [],
      clusterRuntimes: [runtime])
    #expect(selection.candidates().map(\.refusal) == [refusal])
    let failure = #expect(throws: ServingFailure.self) { try selection.choose() }
    #expect(failure?.reason == .noSupportingRuntime)
    #expect(failure?.message.hasPrefix("No runtime found to support specified framework/version") == true)
  }

  @Test func aModelWithWorkersTakesARuntimeWithWorkers() throws {
    let plain = try makeRuntime("plain", formats: Self.plain)
    let many = try makeRuntime("many", formats: Self.plain, extra: #"{"workerSpec":{}}"#)
    let service = try makeService(
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"workerSpec":{}}}"#)
    #expect(try choose(service, cluster: [plain, many]).runtime.name == "many")
  }

  @Test func versionsAreComparedAsTexts() throws {
    func version(_ text: String) throws -> InferenceService {
      try makeService(#"{"predictor":{"model":{"modelFormat":{"name":"sklearn","version":"\#(text)"}}}}"#)
    }
    #expect(try choose(try version("1")).runtime.name == "kserve-sklearnserver")
    let failure = #expect(throws: ServingFailure.self) { try choose(try version("1.0")) }
    #expect(
      failure?.explanation.contains("kserve-sklearnserver supports sklearn version 1, not 1.0") == true)
  }

  @Test func anUnknownFormatListsWhatThereIs() throws {
    let service = try makeService(#"{"predictor":{"model":{"modelFormat":{"name":"cobol"}}}}"#)
    let failure = #expect(throws: ServingFailure.self) { try choose(service) }
    #expect(
      failure?.explanation.contains("no runtime found to support predictor with model type: {cobol}; ")
        == true)
    #expect(failure?.explanation.contains("lightgbm") == true)
    #expect(failure?.explanation.contains("sklearn") == true)
    let none = #expect(throws: ServingFailure.self) { try choose(service, cluster: []) }
    #expect(none?.explanation.contains("no runtime is installed") == true)
  }

  @Test func aNamedRuntimeIsTakenFromTheNamespaceFirstWhateverItsAutoSelect() throws {
    let own = try makeRuntime("kserve-sklearnserver", formats: #"[{"name":"sklearn"}]"#, namespace: "team")
    let choice = try choose(try model(#""runtime":"kserve-sklearnserver""#), namespace: [own])
    #expect(!choice.runtime.isClusterWide)
  }

  @Test func aNamedRuntimeThatDoesNotFitIsRefusedInUpstreamsWords() throws {
    let disabled = try makeRuntime("off", formats: Self.plain, extra: #"{"disabled":true}"#)
    let cases: [(fields: String, reason: ServingFailure.Reason, message: String, hint: String)] = [
      (
        #""runtime":"none""#, .runtimeNotRecognized, "Waiting for runtime to become available",
        "kserve-mlserver"
      ),
      (#""runtime":"off""#, .runtimeDisabled, "Specified runtime is disabled", "spec.disabled"),
      (
        #""runtime":"kserve-mlserver","protocolVersion":"v1""#, .noSupportingRuntime,
        "Specified runtime does not support specified protocol version", "only v2"
      ),
      (
        #""runtime":"kserve-xgbserver""#, .noSupportingRuntime,
        "Specified runtime does not support specified framework/version",
        "does not support the format sklearn"
      ),
    ]
    for entry in cases {
      let service = try model(entry.fields)
      let failure = #expect(throws: ServingFailure.self) {
        try choose(service, cluster: builtIn + [disabled])
      }
      #expect(failure?.reason == entry.reason)
      #expect(failure?.message.hasPrefix(entry.message) == true)
      #expect(failure?.explanation.contains(entry.hint) == true, "\(failure?.explanation ?? "")")
    }
  }

  @Test func aNamedRuntimeWithoutProtocolGetsItsLowest() throws {
    #expect(try choose(try model(#""runtime":"kserve-mlserver""#)).protocolVersion == "v2")
  }
}
