import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Which program fetches a model, and with what: a row each.
@Suite struct StorageContainerRulesTests {
  private func container(
    _ name: String, _ spec: String, disabled: Bool = false
  ) throws -> ClusterStorageContainer {
    var object = KubeObject(.clusterStorageContainers, name: name)
    object.spec = try JSONValue(parsing: spec)
    if disabled { object["disabled"] = true }
    return ClusterStorageContainer(object)
  }

  private func plan(_ spec: String, _ containers: [ClusterStorageContainer]) throws -> ServicePlan {
    ServicePlanner(
      service: try makeService(spec), mode: .standard, configuration: embedded, runtimes: ([], builtIn),
      credentials: NoCredentials(), live: [:], storageContainers: containers
    ).plan()
  }

  private func initializer(_ plan: ServicePlan) throws -> JSONValue {
    try #require(
      try plan.child(.deployments, "iris-predictor").json.at("spec", "template", "spec", "initContainers")?[0]
    )
  }

  private func model(_ uri: String, _ more: String = "") -> String {
    #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"\#(uri)"}\#(more)}}"#
  }

  private static let own = #"""
    {"container":{"name":"theirs","image":"corp/fetch:2","imagePullPolicy":"Always",
       "env":[{"name":"TOKEN","value":"t"},{"name":"HF_HUB_ENABLE_HF_TRANSFER","value":"0"}],
       "resources":{"limits":{"memory":"9Gi"}}},
     "supportedUriFormats":[{"prefix":"corp://"},{"prefix":"s3://"}],"supportsMultiModelDownload":true}
    """#

  @Test func itsContainerGoesOverThePlatforms() throws {
    let found = try initializer(try plan(model("s3://b/m"), [try container("own", Self.own)]))
    #expect(found["name"] == "storage-initializer", "by which its state is found")
    #expect(found["image"] == "corp/fetch:2")
    #expect(found["imagePullPolicy"] == "Always")
    #expect(found["args"] == ["s3://b/m", "/mnt/models"])
    #expect(found.environmentValue("TOKEN") == "t")
    #expect(found.environmentValue("HF_HUB_ENABLE_HF_TRANSFER") == "0", "its own word wins")
    #expect(found.environmentValue("HF_XET_HIGH_PERFORMANCE") == "1")
    #expect(found.at("resources", "limits") == ["cpu": "1", "memory": "9Gi"])
    #expect(found["terminationMessagePolicy"] == "FallbackToLogsOnError")
    #expect(found["volumeMounts"]?[0]?["mountPath"] == "/mnt/models")
  }

  @Test(arguments: ["gs://b/m", "/srv/m", "file:///srv/m"])
  func whatItDoesNotTakeIsFetchedByThePlatformsOwn(_ uri: String) throws {
    let found = try initializer(try plan(model(uri), [try container("own", Self.own)]))
    #expect(found["image"] == "kserve/storage-initializer:latest")
  }

  @Test func aSchemeOfItsOwnIsTakenAndWithoutItRefused() throws {
    let found = try initializer(try plan(model("corp://shelf/m"), [try container("own", Self.own)]))
    #expect(found["args"] == ["corp://shelf/m", "/mnt/models"])
    for containers in [
      [], [try container("own", Self.own, disabled: true)],
      [
        try container(
          "job", #"{"supportedUriFormats":[{"prefix":"corp://"}],"workloadType":"localModelDownloadJob"}"#)
      ],
    ] {
      let cause = try plan(model("corp://shelf/m"), containers).failures[.predictor]?.cause
      #expect(cause?.code == .unsupportedScheme && cause?.value == "corp://shelf/m")
    }
  }

  @Test func theNamedOneIsTakenBeforeTheFirst() throws {
    let containers = [
      try container("a", #"{"container":{"image":"a"},"supportedUriFormats":[{"prefix":"s3://"}]}"#),
      try container("b", #"{"container":{"image":"b"},"supportedUriFormats":[{"prefix":"s3://"}]}"#),
    ]
    #expect(try initializer(try plan(model("s3://b/m"), containers))["image"] == "a")
    let named = model("s3://b/m", #","storageContainerName":"b""#)
    #expect(try initializer(try plan(named, containers))["image"] == "b")
  }

  @Test(arguments: [
    ("none", "the ClusterStorageContainer \"none\" does not exist"),
    ("off", "the ClusterStorageContainer \"off\" is disabled"),
    ("gs", "the ClusterStorageContainer \"gs\" does not support \"s3://b/m\""),
  ])
  func aNamedOneThatDoesNotFitIsSaid(_ name: String, _ expected: String) throws {
    let containers = [
      try container("off", Self.own, disabled: true),
      try container("gs", #"{"supportedUriFormats":[{"prefix":"gs://"}]}"#),
    ]
    let made = try plan(model("s3://b/m", #","storageContainerName":"\#(name)""#), containers)
    let failure = made.failures[.predictor]
    #expect(failure?.message.contains(expected) == true)
    #expect(failure?.message.contains("spec.predictor.storageContainerName") == true, "and the fix")
    #expect(made.names(.deployments) == [])
  }

  @Test(arguments: [(true, true), (false, false)])
  func severalModelsNeedAProgramThatTakesThem(_ supports: Bool, _ isGood: Bool) throws {
    let one = try container(
      "own",
      #"{"container":{"image":"own"},"supportedUriFormats":[{"prefix":"s3://"}],"supportsMultiModelDownload":\#(supports)}"#
    )
    let several = #"""
      {"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[
        {"uri":"pvc://c/x","mountPath":"/mnt/x"},{"uri":"s3://b/m","mountPath":"/mnt/models/m"}]}}
      """#
    let made = try plan(several, [one])
    #expect(made.failures.isEmpty == isGood)
    if isGood { #expect(try initializer(made)["image"] == "own") }
    let expected = "storage container \"own\" does not support multi-model download"
    #expect((made.failures[.predictor]?.message.contains(expected) ?? false) == !isGood)
    #expect(try plan(model("s3://b/m"), [one]).failures.isEmpty, "one model is no trouble")
  }

  @Test func aClaimNeedsNone() throws {
    let made = try plan(
      model("pvc://c/m", #","storageContainerName":"none""#), [try container("own", Self.own)])
    #expect(made.failures.isEmpty)
  }

  /// As it is installed, it changes nothing about the pods.
  @Test func theInstalledOneAddsNothing() throws {
    let installed = ClusterStorageContainer(ServingDefaults.storageContainer(embedded))
    for uri in ["s3://b/m", "https://h/x/m.zip", "hf://o/m"] {
      #expect(
        try initializer(try plan(model(uri), [installed])) == (try initializer(try plan(model(uri), []))))
    }
  }
}

/// The same through the API.
@Suite(.timeLimit(.minutes(2))) struct StorageContainerThroughAPITests {
  @Test func aContainerThatComesLateIsUsed() async throws {
    try await withPlatform { platform in
      try await platform.client.create(
        .inferenceServices,
        platform.service(
          #"""
          {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"s3://b/m"},
            "storageContainerName":"late"}}
          """#))
      let waiting = try await platform.waitUntilReady("False")
      #expect(
        waiting.json.at("status", "modelStatus", "lastFailureInfo", "message")?.string?
          .contains("the ClusterStorageContainer \"late\" does not exist") == true)
      var late = KubeObject(.clusterStorageContainers, name: "late")
      late.spec = [
        "container": ["name": "storage-initializer", "image": "corp/late"],
        "supportedUriFormats": [["prefix": "s3://"], ["prefix": "late://"]],
      ]
      late = try await platform.client.create(.clusterStorageContainers, late)
      let deployment = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      #expect(
        deployment.json.at("spec", "template", "spec", "initContainers")?[0]?["image"] == "corp/late")

      // Admission knows its schemes by now.
      let informer = platform.informers.informer(.clusterStorageContainers)
      while !informer.hasObserved(late.resourceVersion) { await Task.yield() }
      var other = try platform.service(#"{"predictor":{"sklearn":{"storageUri":"late://x"}}}"#)
      other.json.set("other", at: "metadata", "name")
      try await platform.client.create(.inferenceServices, other)
      _ = try await platform.waitFor(.deployments, "other-predictor") { _ in true }
    }
  }
}
