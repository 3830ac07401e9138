import Basics
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct ServiceForecastTests {
  private func forecast(
    _ spec: String, annotations: [String: String] = [:],
    _ change: (inout ServiceForecast.Surroundings) throws -> Void = { _ in }
  ) throws -> ServiceForecast {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.annotations = annotations
    object.spec = try JSONValue(parsing: spec)
    var around = ServiceForecast.Surroundings()
    around.clusterRuntimes = BuiltInRuntimes.all
    try change(&around)
    return ServiceForecast(object, around, platform: .init(ingressDomain: "localhost"))
  }

  private static let model =
    #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"}}}"#

  @Test func aNewServiceIsToldInFull() throws {
    let found = try forecast(Self.model)
    #expect(found.cause == nil)
    #expect(found.runtime?.name == "kserve-sklearnserver")
    #expect(found.runtimes.filter(\.isChosen).count == 1)
    #expect(found.traffic.map(\.percent) == [100])
    #expect(found.traffic.first?.isNew == true)
    #expect(found.downloads == ["gs://b/m"])
    #expect(found.needs.first?.replicas == 1)
    #expect(found.needs.first?.memory.isEmpty == false)
    let kinds = Set(found.children.map(\.object.kind))
    #expect(kinds.isSuperset(of: ["Deployment", "Service", "HTTPRoute", "ControllerRevision"]))
  }

  @Test func aSecondLookAtTheSameRevisionIsNotNew() throws {
    let first = try forecast(Self.model)
    let second = try forecast(Self.model) { around in
      around.controllerRevisions = first.children.map(\.object).filter { $0.kind == "ControllerRevision" }
    }
    #expect(second.traffic.first?.isNew == false)
    #expect(second.traffic.first?.revision == first.traffic.first?.revision)
  }

  @Test func knownSecretsAreInThePlan() throws {
    let spec =
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storage":{"key":"k","path":"iris"}}}}"#
    let unknown = try forecast(spec)
    #expect(unknown.cause == nil && unknown.downloads == ["s3://<bucket>/iris"])
    let missing = try forecast(spec) { $0.secrets = [] }
    #expect(missing.cause?.code == .secretMissing)
    let known = try forecast(spec) { around in
      var secret = KubeObject(.secrets, namespace: "team", name: "storage-config")
      secret["stringData"] = ["k": #"{"type":"s3","bucket":"b"}"#]
      around.secrets = [secret]
    }
    #expect(known.downloads == ["s3://b/iris"])
    #expect(known.traffic.first?.revision != unknown.traffic.first?.revision)
    #expect(try forecast(spec) { $0.gaps = ["no secrets"] }.notes == ["no secrets"])
  }

  @Test(arguments: [
    (#"{"predictor":{"model":{"modelFormat":{"name":"cobol"}}}}"#, FailureCode.noSupportingRuntime),
    (#"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"runtime":"x"}}}"#, .runtimeNotRecognized),
    (
      #"{"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"foo://b"}}}"#,
      .unsupportedScheme
    ),
    (#"{"predictor":{}}"#, .invalidSpec),
  ])
  func whatCannotBeDeployedIsRefused(_ spec: String, _ code: FailureCode) throws {
    #expect(try forecast(spec).cause?.code == code)
  }

  @Test func deprecatedWordsAreNamed() throws {
    let mode = ["serving.kserve.io/deploymentMode": "RawDeployment"]
    let notes = try forecast(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#, annotations: mode).notes
    #expect(notes.contains { $0.contains("spec.predictor.sklearn is deprecated") })
    #expect(notes.contains { $0.contains("RawDeployment is deprecated: write Standard") })
    #expect(try forecast(Self.model).notes.isEmpty)
  }

  @Test func aBrokenConfigurationIsToldBeforeAnythingElse() throws {
    let found = try forecast(Self.model) { $0.configuration = ["deploy": "{"] }
    #expect(found.cause?.code == .invalidConfiguration)
    #expect(found.children.isEmpty)
  }
}
