import Formats
import KubeProtocol
import ServingAPI
import Testing

private let modelMesh = ["serving.kserve.io/deploymentMode": "ModelMesh"]
private let none = ["serving.kserve.io/autoscalerClass": "none"]
private let model = #""model":{"modelFormat":{"name":"a"},"storageUri":"pvc://c/m"}"#

/// Edges of the validation's rules that other tables pass by.
@Suite struct ValidationDetailRulesTests {
  private func messages(_ spec: String, _ annotations: [String: String] = [:]) throws -> [String] {
    InferenceServiceValidation.causes(
      InferenceServiceDefaults.apply(
        to: try makeService(spec, annotations: annotations), configuration: embedded)
    ).map(\.message)
  }

  @Test(arguments: [
    ("tensorflow", true), ("pytorch", true), ("onnx", true), ("huggingface", true), ("pmml", true),
    ("sklearn", false), ("xgboost", false), ("triton", false), ("lightgbm", false), ("paddle", false),
  ])
  func storageOfSomeFrameworksHasThreeTypes(_ framework: String, _ isChecked: Bool) throws {
    func found(_ members: String) throws -> [String] {
      try messages(#"{"predictor":{"\#(framework)":{\#(members)}}}"#, modelMesh)
    }
    for type in ["s3", "hdfs", "webhdfs"] {
      #expect(try found(#""storage":{"parameters":{"type":"\#(type)"}}"#) == [])
    }
    #expect(
      try found(#""storage":{"parameters":{"type":"gs"}}"#)
        == (isChecked
          ? [
            "storage.spec.type, must be one of: [s3://, hdfs://, webhdfs://]. storage.spec.type [gs] is not "
              + "supported"
          ] : []))
    let address = try found(#""storageUri":"gs://b/m.onnx","storage":{"key":"k"}"#)
    #expect(address.isEmpty != isChecked)
    if isChecked { #expect(address[0].hasPrefix("storageUri, must be one of: [s3://, hdfs://, webhdfs://]")) }
  }

  @Test func workersInitContainersAreLookedAtToo() throws {
    let spec = #"""
      {"predictor":{\#(model),"workerSpec":{"initContainers":[{"name":"i",
        "env":[{"name":"PYTHONPATH","value":"/x"}]}]}}}
      """#
    #expect(
      try messages(spec, none) == [
        "setting PYTHONPATH in container \"i\" is not allowed for security reasons"
      ])
  }

  @Test(arguments: ["cpu", "memory", "storage", "ephemeral-storage"])
  func ordinaryResourcesAreNoUnknownGPUs(_ name: String) throws {
    let spec = #"""
      {"predictor":{\#(model),"workerSpec":{"containers":[{"resources":{"limits":{"\#(name)":"1"}}}]}}}
      """#
    #expect(try messages(spec, none) == [])
  }

  @Test(arguments: [
    (#"{"art":{"type":"SquareAttack","storageUri":"ftp://x"}}"#, "StorageUri [ftp://x] is not supported."),
    (
      #"{"containers":[{"image":"e","env":[{"name":"STORAGE_URI","value":"ftp://x"}]}]}"#,
      "StorageUri [ftp://x] is not supported."
    ),
    (
      #"{"containers":[{"image":"e"}],"storageUris":[{"uri":"ftp://x"}]}"#,
      "StorageUri [ftp://x] is not supported."
    ),
  ])
  func explainersModelsAreCheckedToo(_ explainer: String, _ expected: String) throws {
    let found = try messages(#"{"predictor":{\#(model)},"explainer":\#(explainer)}"#)
    #expect(found.count == 1 && found[0].hasSuffix(expected), "\(found)")
  }

  @Test(arguments: [
    ("kbs:///a/b/c", true), ("kbs:///A-1/b.c/d_e", true), ("kbs:///a/b/c d", false),
    ("kbs:///a/b/c:d", false),
    ("kbs:///a/b", false), ("kbs:///a/b/c/d", false), ("kbs:///a//c", false), ("kbs://a/b/c", false),
    ("http:///a/b/c", false), ("kbs:///ä/b/c", false),
  ])
  func keysOfModelsHaveThreeParts(_ key: String, _ isGood: Bool) throws {
    let spec = #"""
      {"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m",
        "confidential":{"enabled":true,"resourceId":"\#(key)"}}}}
      """#
    #expect(
      try messages(spec) == (isGood ? [] : ["must be in the format kbs:///<repo>/<type>/<tag>"]))
  }

  @Test(arguments: [(0, true), (1, false)])
  func aCanarysBoundOfNothingIsNone(_ most: Int, _ isGood: Bool) throws {
    let spec = #"""
      {"predictor":{"name":"one",\#(model)},"canary":[{"trafficPercent":1,"predictor":{"name":"two",
        "maxReplicas":\#(most),\#(model)}}]}
      """#
    #expect(try messages(spec).isEmpty == isGood)
  }

  @Test(arguments: ["", "ftp://x/y", "pvc://Not_One/x"])
  func aCachesSourceIsAnAddress(_ uri: String) throws {
    var cache = KubeObject(.localModelCaches, name: "c")
    cache.spec = ["sourceModelUri": .string(uri), "modelSize": "1Gi", "nodeGroups": ["g"]]
    #expect(LocalModelValidation.causes(cache).map(\.field) == ["spec.sourceModelUri"])
  }

  @Test(arguments: [
    ("/mnt/models", "mnt-models"), ("/mnt/models/a_b.C", "mnt-models-a-b-c"),
    ("/", "kserve-provision-location"),
    ("/x--y/", "x-y"), ("/\(String(repeating: "a", count: 80))", String(repeating: "a", count: 63)),
    ("/\(String(repeating: "a", count: 62))/b", String(repeating: "a", count: 62)),
  ])
  func volumesAreNamedByTheirPlace(_ path: String, _ expected: String) {
    #expect(MountPaths.volumeName(path) == expected)
  }
}
