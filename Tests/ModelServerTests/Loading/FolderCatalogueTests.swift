import Linux
import ModelRuntime
import TestSupport
import Testing

@testable import ModelServer

struct FolderCatalogueTests {
  private let loader = ModelLoader(runtimes: [FakeRuntime()], framework: "sklearn")

  private func layout(_ folder: TemporaryFolder, framework: String? = "sklearn") -> FolderCatalogue.Layout {
    FolderCatalogue.layout(
      of: folder.path, name: "only", loader: ModelLoader(runtimes: [FakeRuntime()], framework: framework))
  }

  private func catalogue(
    _ folder: TemporaryFolder, _ layout: FolderCatalogue.Layout = .repository
  ) -> FolderCatalogue {
    FolderCatalogue(root: folder.path, layout: layout, loader: loader)
  }

  @Test func aModelAtTheTopIsTheOnlyOne() throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    try folder.file("a/model.pkl", in: "a")
    #expect(layout(folder) == .single(name: "only"))
    #expect(layout(folder, framework: nil) == .single(name: "only"))
  }

  @Test func modelsInSubfoldersAreARepository() throws {
    let folder = try TemporaryFolder()
    try folder.file("b/model.pkl", in: "b")
    try folder.file("a/1/model.pkl", in: "a/1")
    try folder.file("a/12/model.pkl", in: "a/12")
    try folder.file(".hidden/model.pkl", in: ".hidden")
    try folder.file("__pycache__/model.pkl", in: "__pycache__")
    try folder.file("empty/README.md", in: "empty")
    #expect(layout(folder) == .repository)
    #expect(layout(folder, framework: nil) == .repository)
    let catalogue = catalogue(folder)
    #expect(try catalogue.names() == ["a", "b", "empty"])
    #expect(try catalogue.sources(of: "a").map(\.version) == ["12", "1"])
    #expect(try catalogue.sources(of: "a").map(\.path) == ["\(folder.path)/a/12", "\(folder.path)/a/1"])
    #expect(try catalogue.sources(of: "b").map(\.version) == [nil])
    for name in ["none", "..", ".", "", "a/1", ".hidden"] {
      #expect(try catalogue.sources(of: name).isEmpty, "\(name)")
    }
  }

  @Test func numbersAloneAreVersionsOfTheOneModel() throws {
    let folder = try TemporaryFolder()
    try folder.file("1/model.pkl", in: "1")
    try folder.file("2/model.pkl", in: "2")
    #expect(layout(folder) == .single(name: "only"))
    #expect(try catalogue(folder, .single(name: "only")).sources(of: "only").map(\.version) == ["2", "1"])
  }

  @Test func foldersWithoutModelsAreNoRepository() throws {
    let folder = try TemporaryFolder()
    #expect(layout(folder) == .single(name: "only"))
    try folder.file("code/main.py", in: "code")
    #expect(layout(folder) == .single(name: "only"))
  }

  @Test func aModelsSettingsFileGoesBeforeTheServersFlags() throws {
    let folder = try TemporaryFolder()
    try folder.file("a/model.pkl", in: "a")
    try folder.file(
      "a/apus-model.json", in: "a",
      "{\"concurrency\":2,\"queueSize\":7,\"responseCache\":false,\"runtime\":{\"x\":\"y\"},"
        + "\"batching\":{\"maxBatchSize\":4,\"maxLatencyMilliseconds\":2.5}}")
    let catalogue = catalogue(folder)
    let settings = try catalogue.settings(of: try #require(try catalogue.sources(of: "a").first))
    #expect(settings.concurrency == 2)
    #expect(settings.queueCapacity == 7)
    #expect(!settings.cachesResponses)
    #expect(settings.runtime == ["x": "y"])
    #expect(
      settings.batching
        == BatchSettings(maximumRows: 4, maximumDelay: .microseconds(2500), showsBatchID: false))
  }

  @Test(
    "a settings file that cannot be used is an error that says why",
    arguments: [
      ("[]", "is no JSON object"), ("{", "is no JSON object"), ("{\"x\":1}", "a field 'x'"),
      ("{\"concurrency\":0}", "'concurrency' must be a whole number"),
      ("{\"batching\":{\"size\":1}}", "a field 'batching.size'"), ("{\"framework\":1}", "must be a text"),
    ])
  func badSettings(text: String, words: String) throws {
    let folder = try TemporaryFolder()
    try folder.file("a/model.pkl", in: "a")
    try folder.file("a/apus-model.json", in: "a", text)
    let catalogue = catalogue(folder)
    let source = try #require(try catalogue.sources(of: "a").first)
    do {
      _ = try catalogue.settings(of: source)
      Issue.record("no error")
    } catch {
      #expect(error.message.contains(words), "\(error.message)")
    }
  }

  @Test func warmUpRequestsAreComputedBeforeTheModelIsThere() throws {
    let folder = try TemporaryFolder()
    try folder.file("a/model.pkl", in: "a")
    let request =
      "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP64\",\"shape\":[1,2],\"data\":[%,2]}]}"
    try folder.file("a/warmup.json", in: "a", "[\(request.replacing("%", with: "1"))]")
    let catalogue = catalogue(folder)
    let source = try #require(try catalogue.sources(of: "a").first)
    _ = try catalogue.load(source)
    try folder.file("a/warmup.json", in: "a", request.replacing("%", with: "666"))
    do {
      _ = try catalogue.load(source)
      Issue.record("no error")
    } catch {
      #expect(
        error.message == "warm-up request 1 of \(folder.path)/a/warmup.json failed: the model broke")
    }
    try folder.file("a/warmup.json", in: "a", "{")
    #expect(throws: ModelLoadError.self) { try catalogue.load(source) }
  }
}
