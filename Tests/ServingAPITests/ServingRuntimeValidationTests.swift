import Formats
import KubeProtocol
import ServingAPI
import Testing

private func makeRuntime(_ spec: String, name: String = "mine", namespace: String? = "team") throws
  -> KubeObject
{
  var object =
    namespace.map { KubeObject(.servingRuntimes, namespace: $0, name: name) }
    ?? KubeObject(.clusterServingRuntimes, name: name)
  object.spec = try JSONValue(parsing: spec)
  return object
}

/// A runtime of one format, as the others are in these tables.
private func one(_ format: String, protocols: String = #"["v1"]"#, extra: String = "") -> String {
  #"{"supportedModelFormats":[\#(format)],"protocolVersions":\#(protocols),"containers":[]\#(extra)}"#
}

private let sklearn = #"{"name":"sklearn","version":"1","autoSelect":true,"priority":1}"#
private let workers = #"{"containers":[{"name":"kserve-container"}],"workerSpec":\#("{}")}"#

@Suite struct ServingRuntimeValidationTests {
  private func messages(
    _ spec: String, others: [KubeObject] = [], old: KubeObject? = nil, namespace: String? = "team"
  ) throws -> [String] {
    ServingRuntimeValidation.causes(
      try makeRuntime(spec, namespace: namespace), old: old, others: others
    ).map(\.message)
  }

  @Test(arguments: [
    (#"[\#(sklearn)]"#, true),
    (#"[\#(sklearn),{"name":"sklearn","version":"2","autoSelect":true,"priority":1}]"#, true),
    (#"[\#(sklearn),{"name":"sklearn","version":"2","autoSelect":true,"priority":2}]"#, false),
    (#"[\#(sklearn),{"name":"sklearn","version":"2","priority":2}]"#, true),
    (#"[\#(sklearn),{"name":"sklearn","version":"2","autoSelect":true}]"#, true),
    (#"[\#(sklearn),{"name":"xgboost","version":"2","autoSelect":true,"priority":2}]"#, true),
  ])
  func aFormatHasOnePriorityInARuntime(_ formats: String, _ isGood: Bool) throws {
    let found = try messages(#"{"supportedModelFormats":\#(formats),"containers":[]}"#)
    #expect(
      found
        == (isGood
          ? [] : ["different priorities assigned for the model format sklearn under the servingruntime mine"])
    )
  }

  @Test(
    arguments: [
      (sklearn, #"["v1"]"#, "", true), (sklearn, #"["v2","v1"]"#, "", true),
      (#"{"name":"SKLearn","version":"1","autoSelect":true,"priority":1}"#, #"["v1"]"#, "", true),
      (sklearn, #"["v2"]"#, "", false), (sklearn, #"["v1"]"#, #","multiModel":true"#, false),
      (sklearn, #"["v1"]"#, #","disabled":true"#, false),
      (#"{"name":"sklearn","version":"2","autoSelect":true,"priority":1}"#, #"["v1"]"#, "", false),
      (#"{"name":"sklearn","version":"1","autoSelect":true,"priority":2}"#, #"["v1"]"#, "", false),
      (#"{"name":"sklearn","version":"1","autoSelect":true}"#, #"["v1"]"#, "", false),
      (#"{"name":"sklearn","version":"1","priority":1}"#, #"["v1"]"#, "", false),
    ])
  func twoRuntimesHaveTwoPriorities(
    _ format: String, _ protocols: String, _ extra: String, _ clashes: Bool
  ) throws {
    let spec = one(format, protocols: protocols, extra: extra)
    let there = try makeRuntime(spec, name: "there")
    #expect(
      try messages(one(sklearn), others: [there])
        == (clashes
          ? [
            "same priority assigned for the model format sklearn in the servingruntimes there and mine in "
              + "namespace team"
          ] : []))
    let wide = try makeRuntime(spec, name: "there", namespace: nil)
    #expect(
      try messages(one(sklearn), others: [wide], namespace: nil)
        == (clashes
          ? [
            "same priority assigned for the model format sklearn in the clusterservingruntimes there and mine"
          ]
          : []))
  }

  @Test func aRuntimeDoesNotClashWithItself() throws {
    #expect(try messages(one(sklearn), others: [makeRuntime(one(sklearn))]) == [])
  }

  @Test func aDisabledOneIsNotLookedAt() throws {
    let spec =
      #"{"disabled":true,"containers":[{"name":"kserve-container","env":[{"name":"PYTHONPATH"}]}]}"#
    #expect(try messages(spec) == [])
  }

  @Test(arguments: [
    (
      #"{"containers":[],"workerSpec":{"containers":[{},{}]}}"#,
      "setting multiple containers in workerSpec is not allowed"
    ),
    (
      #"{"containers":[{"name":"kserve-container","env":[{"name":"PIPELINE_PARALLEL_SIZE"}]}],"workerSpec":{}}"#,
      "setting PIPELINE_PARALLEL_SIZE in environment variables is not allowed"
    ),
    (
      #"{"containers":[{"name":"kserve-container","env":[{"name":"TENSOR_PARALLEL_SIZE"}]}],"workerSpec":{}}"#,
      "setting TENSOR_PARALLEL_SIZE in environment variables is not allowed"
    ),
    (
      #"{"containers":[],"workerSpec":{"containers":[{"name":"w","resources":{"limits":{"corp/gpu":"1"}}}]}}"#,
      "unknown GPU resource type in a container(w)"
    ),
    (
      #"{"containers":[],"workerSpec":{"pipelineParallelSize":0}}"#,
      "the WorkerSpec.PipelineParallelSize cannot be less than 1(0)"
    ),
    (
      #"{"containers":[],"workerSpec":{"tensorParallelSize":0}}"#,
      "the WorkerSpec.TensorParallelSize cannot be less than 1(0)"
    ),
  ])
  func workersAreChecked(_ spec: String, _ expected: String) throws {
    #expect(try messages(spec) == ["the ServingRuntime mine is invalid: \(expected)"])
    #expect(
      try messages(spec, namespace: nil) == ["the ClusterServingRuntime mine is invalid: \(expected)"])
  }

  @Test func workersMayNotBeTakenAway() throws {
    let old = try makeRuntime(workers)
    #expect(
      try messages(#"{"containers":[{"name":"kserve-container"}]}"#, old: old) == [
        "the ServingRuntime mine is invalid: removing workerSpec where it already exists is not allowed"
      ])
    #expect(try messages(workers, old: old) == [])
  }

  @Test(arguments: [
    (#"{"containers":[{"name":"c","env":[{"name":"PYTHONPATH","value":"/x"}]}]}"#, "c"),
    (#"{"containers":[],"workerSpec":{"containers":[{"name":"w","env":[{"name":"PYTHONPATH"}]}]}}"#, "w"),
  ])
  func codeOfTheServerMayNotBeReplaced(_ spec: String, _ container: String) throws {
    #expect(
      try messages(spec) == [
        "setting PYTHONPATH in container \"\(container)\" is not allowed for security reasons"
      ])
  }
}
