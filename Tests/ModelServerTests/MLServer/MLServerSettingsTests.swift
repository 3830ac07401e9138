import InferenceProtocol
import Linux
import ModelRuntime
import TestSupport
import Testing

@testable import ModelServer

@Suite struct MLServerSettingsTests {
  private let variables: MLServerSettings.Environment = { name in
    [
      "MLSERVER_HTTP_PORT": "9090", "MLSERVER_SERVER_NAME": "variables", "MLSERVER_MODEL_NAME": "iris",
      "MLSERVER_MODEL_URI": "/mnt/models", "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
    ][name]
  }
  private let nothing: MLServerSettings.Environment = { _ in nil }

  @Test func aServerWhoseModelsComeLaterNeedsNoneAtTheStart() throws {
    var variables = ["MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel"]
    func read() throws -> MLServerModelSettings? {
      let known = variables
      return try MLServerModelSettings.read { known[$0] }
    }
    #expect(throws: ModelLoadError.self) { try read() }
    variables["MLSERVER_LOAD_MODELS_AT_STARTUP"] = "false"
    #expect(try read() == nil)
    variables["MLSERVER_MODEL_URI"] = "/mnt/models"
    #expect(try read()?.path.isEmpty == false)
  }

  @Test func aFileCountsMoreThanVariables() throws {
    let folder = try TemporaryFolder()
    try folder.file(
      "settings.json", "{\"server_name\": \"file\", \"cache_enabled\": true, \"cache_size\": 7}")
    let settings = try MLServerSettings.read(folder: folder.path, environment: variables)
    #expect(settings.serverName == "file")
    #expect(settings.httpPort == 9090)
    #expect(settings.cachedResponses == 7)
    #expect(settings.grpcPort == 8081)
  }

  @Test(arguments: [
    ("{\"http_port\": \"x\"}", "'http_port'"), ("{\"http_port\": 70000}", "0 to 65535"),
    ("[]", "JSON object"),
    ("{", "no JSON"), ("{\"load_models_at_startup\": 3}", "boolean"),
  ])
  func whatIsWrongInASettingsFileIsNamed(text: String, part: String) throws {
    let folder = try TemporaryFolder()
    try folder.file("settings.json", text)
    let error = #expect(throws: ModelLoadError.self) {
      try MLServerSettings.read(folder: folder.path, environment: nothing)
    }
    #expect(error?.message.contains(part) == true, "\(String(describing: error))")
  }

  @Test func aFolderWithoutSettingsServesWhatTheVariablesSay() throws {
    let folder = try TemporaryFolder()
    let catalogue = MLServerCatalogue(root: folder.path, environment: variables) {
      _, _ throws(ModelLoadError) in
      throw ModelLoadError(.corrupt, "not loaded here")
    }
    #expect(try catalogue.names() == ["iris"])
    #expect(try catalogue.sources(of: "iris").map(\.path) == ["/mnt/models"])
  }

  @Test func everySettingsFileBelowTheFolderIsAModel() throws {
    let folder = try TemporaryFolder()
    try folder.folder("a/deep")
    try folder.folder("b")
    let implementation = "\"implementation\": \"mlserver_sklearn.SKLearnModel\""
    try folder.file(
      "a/deep/model-settings.json",
      "{\(implementation), \"parameters\": {\"version\": \"v1\", \"uri\": \"./m.pkl\"}, "
        + "\"max_batch_size\": 8, "
        + "\"max_batch_time\": 0.5}")
    try folder.file("b/model-settings.json", "{\"name\": \"second\", \(implementation)}")
    try folder.file("b/model.joblib")
    let catalogue = MLServerCatalogue(root: folder.path, environment: nothing) {
      _, _ throws(ModelLoadError) in
      throw ModelLoadError(.corrupt, "not loaded here")
    }
    #expect(try catalogue.names() == ["deep", "second"])
    let first = try #require(try catalogue.sources(of: "deep").first)
    #expect(first.version == "v1")
    #expect(first.path == "\(folder.path)/a/deep/m.pkl")
    #expect(first.settings.batching?.maximumRows == 8)
    #expect(first.settings.batching?.maximumDelay == .milliseconds(500))
    #expect(try catalogue.sources(of: "second").map(\.path) == ["\(folder.path)/b/model.joblib"])
  }

  @Test func whereModelsComeLaterAFolderWithoutSettingsIsOne() throws {
    let folder = try TemporaryFolder()
    for name in ["plain", "own", ".incoming/x"] { try folder.folder(name) }
    try folder.file("plain/iris.joblib")
    try folder.file("own/model.pkl")
    let implementation = "\"implementation\": \"mlserver_sklearn.SKLearnModel\""
    try folder.file("own/model-settings.json", "{\"name\": \"named\", \(implementation)}")
    let variables = [
      "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
      "MLSERVER_LOAD_MODELS_AT_STARTUP": "false",
    ]
    let catalogue = MLServerCatalogue(root: folder.path, environment: { variables[$0] }) {
      _, _ throws(ModelLoadError) in
      throw ModelLoadError(.corrupt, "not loaded here")
    }
    #expect(try catalogue.names() == ["named", "plain"])
    #expect(try catalogue.sources(of: "plain").map(\.path) == ["\(folder.path)/plain"])
    // A file that comes later says more.
    try folder.file(
      "plain/model-settings.json", "{\(implementation), \"parameters\": {\"version\": \"v2\"}}")
    #expect(try catalogue.sources(of: "plain").map(\.version) == ["v2"])
    try Files.removeTree("\(folder.path)/plain")
    #expect(try catalogue.sources(of: "plain").isEmpty)
    #expect(try catalogue.names() == ["named"])
  }

  @Test func anUnknownImplementationIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.file("model-settings.json", "{\"implementation\": \"my.Model\"}")
    let catalogue = MLServerCatalogue(root: folder.path, environment: nothing) {
      _, _ throws(ModelLoadError) in
      throw ModelLoadError(.corrupt, "not loaded here")
    }
    let error = #expect(throws: ModelLoadError.self) { try catalogue.names() }
    #expect(error?.message.contains("my.Model") == true)
  }
}
