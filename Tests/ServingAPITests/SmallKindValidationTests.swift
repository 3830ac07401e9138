import Formats
import KubeProtocol
import ServingAPI
import Testing

private func object(_ resource: KubeResource, _ spec: String, name: String = "it") throws -> KubeObject {
  var object = KubeObject(resource, namespace: "team", name: name)
  object.spec = try JSONValue(parsing: spec)
  return object
}

@Suite struct TrainedModelTests {
  private func model(_ name: String, _ uri: String, memory: String = #""1Gi""#) throws -> KubeObject {
    try object(
      .trainedModels,
      #"{"inferenceService":"many","model":{"storageUri":"\#(uri)","framework":"sklearn","memory":\#(memory)}}"#,
      name: name)
  }

  @Test(arguments: ["s3://b/m", "gs://b/m", "http://h/m", "https://h/m"])
  func upstreamsSchemesPass(_ uri: String) throws {
    #expect(TrainedModelValidation.causes(try model("My_model-1", uri)) == [])
  }

  @Test func otherSchemesAndNamesAreRefused() throws {
    #expect(
      TrainedModelValidation.causes(try model("a", "pvc://c/m")).map(\.message) == [
        "the Trained Model \"a\" storageUri field is invalid. The storage uri must start with one of the "
          + "prefixes: s3://, gs://, https://, http://. (the storage uri given is \"pvc://c/m\")"
      ])
    #expect(
      TrainedModelValidation.causes(try model("a.b", "gs://b/m")).map(\.message) == [
        "the Trained Model \"a.b\" is invalid: a Trained Model name must consist of alphanumeric "
          + "characters, '_', or '-'. (e.g. \"my-Name\" or \"abc_123\", regex used for validation is "
          + "'^[a-zA-Z0-9_-]+$')"
      ])
  }

  @Test func memoryStays() throws {
    let old = try model("a", "gs://b/m")
    #expect(TrainedModelValidation.causes(try model("a", "gs://b/n", memory: #""1024Mi""#), old: old) == [])
    #expect(
      TrainedModelValidation.causes(try model("a", "gs://b/m", memory: #""2Gi""#), old: old).map(\.message)
        == [
          "the Trained Model \"a\" memory field is immutable. The memory was \"1Gi\" but it is updated to "
            + "\"2Gi\""
        ])
  }

  @Test func theListOfModelsIsReadAsItIsWritten() throws {
    let entries = [
      TrainedModel(try model("b", "gs://b/m")).entry,
      TrainedModel(try model("a", "s3://b/m", memory: "5")).entry,
    ]
    let text = ModelList.encode(entries)
    #expect(
      text
        == #"[{"modelName":"a","modelSpec":{"storageUri":"s3://b/m","framework":"sklearn","memory":"5"}},{"modelName":"b","modelSpec":{"storageUri":"gs://b/m","framework":"sklearn","memory":"1Gi"}}]"#
    )
    #expect(try ModelList.decode(text) == entries.sorted { $0.name < $1.name })
    #expect(try ModelList.decode("[]") == [])
  }

  @Test(arguments: [
    "", "{", "{}", "null", #"[{}]"#, #"[{"modelName":"../x","modelSpec":{"storageUri":"s3://b"}}]"#,
    #"[{"modelName":"a"}]"#, #"[1]"#,
    #"[{"modelName":"a","modelSpec":{"storageUri":"s3://b"}},{"modelName":"a","modelSpec":{"storageUri":"s3://b"}}]"#,
  ])
  func faultyListsAreRefused(_ text: String) {
    #expect(throws: ModelListError.self) { try ModelList.decode(text) }
  }
}

@Suite struct InferenceGraphValidationTests {
  private func messages(_ nodes: String, name: String = "graph") throws -> [String] {
    InferenceGraphValidation.causes(try object(.inferenceGraphs, #"{"nodes":\#(nodes)}"#, name: name))
      .map(\.message)
  }

  @Test(arguments: [
    #"{"root":{"routerType":"Sequence","steps":[{"serviceName":"a"},{"nodeName":"n"}]},"n":{"routerType":"Splitter","steps":[{"serviceUrl":"http://x","weight":40},{"serviceName":"b","weight":60}]}}"#,
    #"{"root":{"routerType":"Ensemble","steps":[{"nodeName":"n"},{"name":"x","nodeName":"n"}]},"n":{"routerType":"Sequence"}}"#,
  ])
  func goodOnesPass(_ nodes: String) throws {
    #expect(try messages(nodes) == [])
  }

  @Test(arguments: [
    (
      #"{"first":{"routerType":"Sequence"}}"#,
      "root node not found, InferenceGraph needs a node with name 'root' as the root node of the graph"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"name":"s"}]}}"#,
      "Step 0 (\"s\") in node \"root\" of InferenceGraph \"graph\" does not specify an inference target"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"serviceName":"a","serviceUrl":"b"}]}}"#,
      "Step 0 (\"\") in node \"root\" of InferenceGraph \"graph\" specifies more than one of nodeName, "
        + "serviceName, serviceUrl"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"serviceName":"a","serviceUrl":"b","nodeName":"n"}]},"n":{"routerType":"Sequence"}}"#,
      "Step 0 (\"\") in node \"root\" of InferenceGraph \"graph\" specifies more than one of nodeName, "
        + "serviceName, serviceUrl"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"name":"s","serviceName":"a"},{"name":"s","serviceName":"b"}]}}"#,
      "Node \"root\" of InferenceGraph \"graph\" contains more than one step with name \"s\""
    ),
    (
      #"{"root":{"routerType":"Splitter","steps":[{"serviceName":"a"}]}}"#,
      "InferenceGraph[graph] Node[root] Route[a] missing the 'Weight'"
    ),
    (
      #"{"root":{"routerType":"Splitter","steps":[{"serviceName":"a","weight":99}]}}"#,
      "InferenceGraph[graph] Node[root] splitter node: the sum of traffic weights for all routing targets "
        + "should be 100"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"nodeName":"x"}]}}"#,
      "Step 0 (\"\") in node \"root\" of InferenceGraph \"graph\" names the node \"x\", which the graph does "
        + "not have"
    ),
    (
      #"{"root":{"routerType":"Sequence","steps":[{"nodeName":"n"}]},"n":{"routerType":"Sequence","steps":[{"serviceName":"a"},{"nodeName":"root"}]}}"#,
      "InferenceGraph[graph] goes round in circles: root → n → root; remove one of these steps"
    ),
  ])
  func badOnesAreRefused(_ nodes: String, _ expected: String) throws {
    #expect(try messages(nodes) == [expected])
  }

  @Test func aLongChainIsNoCircleAndEndsSoon() throws {
    let nodes = (0..<2000).map { index in
      let target = index == 1999 ? #""serviceName":"a""# : #""nodeName":"n\#(index + 1)""#
      return
        #""\#(index == 0 ? "root" : "n\(index)")":{"routerType":"Sequence","steps":[{\#(target)},{\#(target)}]}"#
    }
    #expect(try messages("{\(nodes.joined(separator: ","))}") == [])
  }

  @Test func namesAreLabels() throws {
    #expect(
      try messages(#"{"root":{"routerType":"Sequence"}}"#, name: "1graph").first?.hasPrefix(
        "The InferenceGraph \"1graph\" is invalid") == true)
  }
}

@Suite struct StorageContainerTests {
  private func container(_ name: String, _ spec: String, disabled: Bool = false) throws -> KubeObject {
    var made = try object(.clusterStorageContainers, spec, name: name)
    if disabled { made["disabled"] = true }
    return made
  }

  @Test func faultyFormatsAreRefused() throws {
    let faulty = try container(
      "it", #"{"container":{},"workloadType":"job","supportedUriFormats":[{},{"regex":"("}]}"#)
    #expect(
      StorageContainerValidation.causes(faulty).map(\.field) == [
        "spec.supportedUriFormats[0]", "spec.supportedUriFormats[1].regex", "spec.workloadType",
      ])
  }

  @Test func theNamedOneMustFitAndTheFirstFitOneIsTakenElse() throws {
    let all = [
      try container("off", #"{"supportedUriFormats":[{"prefix":"a://"}]}"#, disabled: true),
      try container(
        "job", #"{"supportedUriFormats":[{"prefix":"a://"}],"workloadType":"localModelDownloadJob"}"#),
      try container("pattern", #"{"supportedUriFormats":[{"regex":"^https://(.+?)/models/.*$"}]}"#),
      try container("prefix", #"{"supportedUriFormats":[{"prefix":"a://"}]}"#),
    ].map(ClusterStorageContainer.init)
    func chosen(_ uri: String, _ name: String? = nil) throws -> String? {
      try ClusterStorageContainer.forInitContainer(uri: uri, named: name, among: all)?.name
    }
    #expect(try chosen("a://x") == "prefix")
    #expect(try chosen("https://host/models/x") == "pattern")
    #expect(try chosen("b://x") == nil)
    #expect(try chosen("a://x", "prefix") == "prefix")
    for (name, cause) in [
      ("none", "does not exist"), ("off", "is disabled"), ("job", "has the workloadType"),
      ("pattern", "does not support"),
    ] {
      let error = #expect(throws: StorageContainerError.self) { try chosen("a://x", name) }
      #expect(error?.description.contains(cause) == true)
    }
  }
}

@Suite struct LocalModelTests {
  private func cache(_ name: String, _ uri: String) throws -> KubeObject {
    try object(
      .localModelCaches, #"{"sourceModelUri":"\#(uri)","modelSize":"1Gi","nodeGroups":["g"]}"#, name: name)
  }

  @Test(arguments: [
    ("s3://b/model", "s3://b/model", true), ("s3://b/model/", "s3://b/model", true),
    ("s3://b/model", "s3://b/model/sub", true), ("s3://b/model", "s3://b/model2", false),
    ("s3://b/model", "s3://b", false),
  ])
  func aModelOrAPathBelowItIsHeld(_ cached: String, _ uri: String, _ expected: Bool) throws {
    #expect(LocalModelCache(try cache("c", cached)).holds(uri) == expected)
  }

  @Test func theSourceStaysAndIsUnique() throws {
    let old = try cache("one", "s3://b/m")
    #expect(
      LocalModelValidation.causes(try cache("one", "s3://b/n"), old: old).map(\.field) == [
        "spec.sourceModelUri"
      ])
    #expect(
      LocalModelValidation.causes(try cache("two", "s3://b/m"), others: [old]).map(\.message) == [
        "LocalModelCache one has the same StorageURI s3://b/m"
      ])
    #expect(LocalModelValidation.causes(old, others: [old]) == [])
  }

  @Test func groupsOfANamespacesCacheMustExist() throws {
    let made = try object(
      .localModelNamespaceCaches, #"{"sourceModelUri":"s3://b/m","nodeGroups":["here","gone"]}"#)
    #expect(
      LocalModelValidation.causes(made, nodeGroups: ["here"]).map(\.message) == ["NodeGroup gone not found"])
  }

  @Test func whatIsUsedMayNotBeDeleted() throws {
    var made = try cache("one", "s3://b/m")
    made.status = ["inferenceServices": [["namespace": "team", "name": "iris"]]]
    #expect(
      LocalModelValidation.deletionProblem(made) { _, _, _ in true }?.message
        == "LocalModelCache one is being used by InferenceService iris")
    #expect(LocalModelValidation.deletionProblem(made) { _, _, _ in false } == nil)
  }
}
