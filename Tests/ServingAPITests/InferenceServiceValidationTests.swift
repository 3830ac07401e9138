import Formats
import KubeProtocol
import ServingAPI
import Testing

@Suite struct InferenceServiceValidationTests {
  private static let model = #""model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"}"#

  private func causes(
    _ spec: String, name: String = "iris", annotations: [String: String] = [:]
  ) throws -> [KubeError.Cause] {
    InferenceServiceValidation.causes(
      InferenceServiceDefaults.apply(
        to: try makeService(spec, name: name, annotations: annotations), configuration: embedded))
  }

  @Test(arguments: [
    #"{"predictor":{\#(Self.model)}}"#,
    #"{"predictor":{"sklearn":{"storageUri":"pvc://c/p"},"minReplicas":0,"maxReplicas":0}}"#,
    #"{"predictor":{"containers":[{"image":"x","env":[{"name":"PROTOCOL","value":"v2"}]}]}}"#,
    #"{"predictor":{\#(Self.model),"containers":[{"name":"transformer-container","image":"t"}]}}"#,
    #"{"predictor":{\#(Self.model),"logger":{"mode":"all","url":"http://x"}}}"#,
    #"{"predictor":{\#(Self.model),"logger":{"url":"http://x"}}}"#,
    #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m","confidential":{"enabled":true,"resourceId":"kbs:///repo_1/a.b/c-d"}}}}"#,
    #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m","confidential":{"enabled":false,"resourceId":"x"}}}}"#,
    #"{"predictor":{"model":{"modelFormat":{"name":"a"}},"storageUris":[{"uri":"gs://b/m","mountPath":"/mnt/models/a"},{"uri":"gs://b/n","mountPath":"/mnt/models/b"}]}}"#,
  ])
  func goodOnesPass(_ spec: String) throws {
    #expect(try causes(spec) == [])
  }

  @Test(arguments: [
    (
      #"{"predictor":{\#(Self.model),"minReplicas":-1}}"#, "spec.predictor.minReplicas",
      "'MinReplicas' cannot be less than 0"
    ),
    (
      #"{"predictor":{\#(Self.model),"maxReplicas":-1}}"#, "spec.predictor.maxReplicas",
      "'MaxReplicas' cannot be less than 0"
    ),
    (
      #"{"predictor":{\#(Self.model),"minReplicas":3,"maxReplicas":2}}"#, "spec.predictor.minReplicas",
      "'MinReplicas' cannot be greater than MaxReplicas"
    ),
    (
      #"{"predictor":{\#(Self.model),"containerConcurrency":-1}}"#, "spec.predictor.containerConcurrency",
      "parallelism cannot be less than 0"
    ),
    (
      #"{"predictor":{\#(Self.model),"logger":{"mode":""}}}"#, "spec.predictor.logger.mode",
      "invalid logger type"
    ),
    (
      #"{"predictor":{\#(Self.model),"logger":{"mode":"all","storage":{"path":"p"}}}}"#,
      "spec.predictor.logger.storage",
      "invalid logger storage configuration"
    ),
    (
      #"{"predictor":{"model":{"name":"x","modelFormat":{"name":"a"}}}}"#, "spec.predictor.model.name",
      "the 'name' field is not allowed in standard predictor"
    ),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"ftp://x/y"}}}"#,
      "spec.predictor.model.storageUri",
      "storageUri, must be one of: [gs://, s3://, pvc://, file://, https://, http://, hdfs://, "
        + "webhdfs://, oci://, "
        + "oci+native://, oci+fetch://, hf://] or match https://{}.blob.core.windows.net/{}/{} or be an "
        + "absolute or "
        + "relative local path. StorageUri [ftp://x/y] is not supported."
    ),
    (
      #"{"predictor":{\#(Self.model),"storageUris":[{"uri":"gs://b/m"}]}}"#, "spec.predictor.storageUris",
      "Setting both StorageURI and StorageURIs is not supported."
    ),
    (
      #"{"predictor":{\#(Self.model),"initContainers":[{"name":"c","env":[{"name":"PYTHONPATH","value":"/x"}]}]}}"#,
      "spec.predictor.initContainers[0].env[0]",
      "setting PYTHONPATH in container \"c\" is not allowed for security reasons"
    ),
    (
      #"{"predictor":{\#(Self.model),"containers":[{"name":"transformer-container","env":[{"name":"STORAGE_URI","value":"gs://b/x"}]}]}}"#,
      "spec.predictor.containers[0].env", "storage uri should not be specified in transformer container"
    ),
    (
      #"{"predictor":{"containers":[{"image":"x","env":[{"name":"PROTOCOL","value":"v9"}]}]}}"#,
      "spec.predictor.containers[0].env", "invalid protocol v9. Must be one of [v1, v2]"
    ),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"a"},"confidential":{"enabled":true}}}}"#,
      "spec.predictor.model.storageUri", "confidential model serving requires storageUri to be set"
    ),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m","confidential":{"enabled":true,"resourceId":"kbs://a/b"}}}}"#,
      "spec.predictor.model.confidential.resourceId", "must be in the format kbs:///<repo>/<type>/<tag>"
    ),
  ])
  func eachFaultNamesItsFieldInUpstreamsWords(_ spec: String, _ field: String, _ message: String) throws {
    let found = try causes(spec)
    #expect(found.map(\.field) == [field])
    #expect(found.map(\.message) == [message])
  }

  @Test(arguments: [
    #"{"predictor":{}}"#, #"{"predictor":{"sklearn":{},"xgboost":{}}}"#,
    #"{"predictor":{"sklearn":{},"containers":[{"name":"kserve-container"}]}}"#,
  ])
  func exactlyOneImplementationIsAllowed(_ spec: String) throws {
    let found = try causes(spec)
    #expect(found.count == 1)
    #expect(found.first?.message.hasPrefix("exactly one of [Name, SKLearn, XGBoost, ") == true)
    #expect(found.first?.message.hasSuffix("] must be specified in PredictorSpec") == true)
  }

  @Test(arguments: [
    (#"[{"uri":""}]"#, "storage URI cannot be empty"),
    (#"[{"uri":"gs://b/m","mountPath":"/"}]"#, "storage path cannot be empty"),
    (#"[{"uri":"gs://b/m","mountPath":"mnt"}]"#, "storage path must be absolute"),
    (
      #"[{"uri":"gs://b/m","mountPath":"/mnt/../etc"}]"#,
      "storage path cannot contain '..' for security reasons"
    ),
    (
      #"[{"uri":"pvc://c/a","mountPath":"/mnt/a"},{"uri":"pvc://c/b","mountPath":"/mnt/a"}]"#,
      "PVC storage paths must be unique"
    ),
    (
      #"[{"uri":"gs://b/m","mountPath":"/a"},{"uri":"gs://b/n","mountPath":"/b"}]"#,
      "storage paths must have a common parent directory"
    ),
  ])
  func storageURIsAreChecked(_ list: String, _ message: String) throws {
    let found = try causes(#"{"predictor":{"model":{"modelFormat":{"name":"a"}},"storageUris":\#(list)}}"#)
    #expect(found.count == 1)
    #expect(found.first?.message.hasPrefix(message) == true)
  }

  @Test(arguments: ["Iris", "1iris", "iris.a", "iris-", "-iris", "iris_x"])
  func namesAreChecked(_ name: String) throws {
    let found = try causes(#"{"predictor":{\#(Self.model)}}"#, name: name)
    #expect(
      found.first?.message
        == "the InferenceService \"\(name)\" is invalid: a InferenceService name must consist of lower case "
        + "alphanumeric characters or '-', and must start with alphabetical character. (e.g. \"my-name\" or "
        + "\"abc-123\", regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")
  }

  @Test func aNameWhoseChildrenWouldBeTooLongIsRefused() throws {
    let spec = #"{"predictor":{\#(Self.model)}}"#
    #expect(try causes(spec, name: String(repeating: "a", count: 53)) == [])
    #expect(
      try causes(spec, name: String(repeating: "a", count: 54)).first?.message.contains("1 shorter") == true)
  }

  @Test func annotationsAreChecked() throws {
    let spec = #"{"predictor":{\#(Self.model)}}"#
    #expect(
      try causes(spec, annotations: ["serving.kserve.io/autoscalerClass": "x"]).first?.message
        == "[x] is not a supported autoscaler class type")
    #expect(
      try causes(spec, annotations: ["serving.kserve.io/deploymentMode": "Best"]).first?.message.contains(
        "[Best]")
        == true)
  }

  @Test func updatesKeepModeAndName() throws {
    var old = try makeService(#"{"predictor":{\#(Self.model)}}"#)
    old.status = ["deploymentMode": "Standard"]
    let knative = try makeService(
      #"{"predictor":{\#(Self.model)}}"#, annotations: ["serving.kserve.io/deploymentMode": "Knative"])
    #expect(
      InferenceServiceValidation.causes(knative, old: old).first?.message
        == "update rejected: deploymentMode cannot be changed from 'Standard' to 'Knative'")
    let renamed = try makeService(#"{"predictor":{"name":"v2",\#(Self.model)}}"#)
    #expect(
      InferenceServiceValidation.causes(renamed, old: old).first?.message
        == "predictor.name change requires a model change (e.g. storageUri)")
    old.status = nil
    #expect(InferenceServiceValidation.causes(knative, old: old) == [])
  }

  /// Upstream tells the first fault alone; the order is the same, so that it stands first here.
  @Test func allFaultsAreToldInUpstreamsOrder() throws {
    var old = try makeService(#"{"predictor":{"name":"a",\#(Self.model)}}"#)
    old.status = ["deploymentMode": "Knative"]
    let spec = #"""
      {"predictor":{"name":"b",
        "model":{"name":"x","modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m",
          "env":[{"name":"PYTHONPATH","value":"/x"}],"confidential":{"enabled":true,"resourceId":"x"}},
        "storageUris":[{"uri":""}],"workerSpec":{"containers":[{},{}]},
        "containers":[{"name":"transformer-container","env":[{"name":"STORAGE_URI","value":"gs://b/x"}]}],
        "containerConcurrency":-1,"minReplicas":-1,"logger":{"mode":"x"},"scaleMetric":"rps"},
       "canary":[{"trafficPercent":1,"predictor":{"name":"b",\#(Self.model)}}]}
      """#
    let wrong = try makeService(
      spec, name: "1iris",
      annotations: [
        "serving.kserve.io/deploymentMode": "Standard", "serving.kserve.io/autoscalerClass": "x",
      ])
    let wanted = [
      "update rejected: deploymentMode", "predictor.name change requires", "the InferenceService \"1iris\"",
      "[x] is not a supported autoscaler", "setting PYTHONPATH", "setting multiple containers in workerSpec",
      "storage uri should not be specified in transformer", "the 'name' field is not allowed",
      "Setting both StorageURI and StorageURIs", "must be in the format kbs:", "storage URI cannot be empty",
      "parallelism cannot be less", "'MinReplicas' cannot be less", "invalid logger type",
      "canary predictor.name \"b\" conflicts",
    ]
    let found = InferenceServiceValidation.causes(wrong, old: old).map(\.message)
    var places: [Int] = []
    for text in wanted {
      places.append(try #require(found.firstIndex { $0.contains(text) }, "\(text): \(found)"))
    }
    #expect(places == places.sorted(), "\(found)")
  }

  @Test func anObjectOnItsWayOutIsNotStopped() throws {
    var object = try makeService(#"{"predictor":{}}"#)
    object.json.set("2026-01-01T00:00:00Z", at: "metadata", "deletionTimestamp")
    #expect(InferenceServiceValidation.causes(object) == [])
  }

  @Test func theErrorNamesTheObject() throws {
    let error = InferenceServiceValidation.error(
      try makeService(#"{"predictor":{\#(Self.model),"minReplicas":-1}}"#))
    #expect(
      error?.message
        == "InferenceService.serving.kserve.io \"iris\" is invalid: spec.predictor.minReplicas: "
        + "'MinReplicas' cannot be less than 0")
    #expect(error?.code == 422)
  }
}
