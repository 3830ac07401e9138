import Linux
import ModelRuntime
import ModelServer
import TestSupport
import Testing

struct ModelLoaderTests {
  private func load(
    _ path: String, framework: String? = "sklearn", runtimes: [any ModelRuntime] = [FakeRuntime()]
  ) -> ModelLoadError? {
    do {
      _ = try ModelLoader(runtimes: runtimes, framework: framework).load(path)
      return nil
    } catch {
      return error
    }
  }

  @Test func otherFilesAndFoldersDoNotCount() throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    try folder.file("README.md")
    try folder.file("model.pkl.sha256")
    try Files.createDirectories("\(folder.path)/sub.pkl")
    #expect(load(folder.path) == nil)
    #expect(load(folder.path + "/") == nil)
    #expect(load(folder.path + "/model.pkl") == nil)
  }

  @Test func linksToFilesCount() throws {
    let store = try TemporaryFolder()
    let folder = try TemporaryFolder()
    try Files.createSymbolicLink(at: "\(folder.path)/model.joblib", to: try store.file("blob"))
    #expect(load(folder.path) == nil)
  }

  @Test func twoCandidatesAreAnErrorInUpstreamsWords() throws {
    let folder = try TemporaryFolder()
    try folder.file("a.pkl")
    try folder.file("b.joblib")
    let error = load(folder.path)
    #expect(error?.code == .severalModels)
    #expect(
      error?.message
        == "More than one model file is detected, Only one is allowed within model_dir: "
        + "['\(folder.path)/a.pkl', '\(folder.path)/b.joblib']")
  }

  @Test func aModelOfAnotherFormatIsCalledWhatItIs() throws {
    var booster = FakeRuntime(name: "booster")
    booster.frameworks = ["xgboost"]
    booster.endings = [".bst"]
    booster.magic = "tree"
    let folder = try TemporaryFolder()
    let file = try folder.file("model.pkl")
    let error = load(folder.path, framework: "xgboost", runtimes: [FakeRuntime(), booster])
    #expect(error?.code == .wrongFormat)
    #expect(error?.value == "xgboost")
    #expect(
      error?.message.hasPrefix("the file \(file) is a model of the format sklearn, not xgboost") == true)
    // The ending fits, the content is another framework's.
    let other = try TemporaryFolder()
    try other.file("model.pkl", "tree")
    #expect(load(other.path, runtimes: [FakeRuntime(), booster])?.code == .wrongFormat)
    // Content that nobody knows is damage.
    let damaged = try TemporaryFolder()
    try damaged.file("model.pkl", "?")
    #expect(load(damaged.path, runtimes: [FakeRuntime(), booster])?.code == .corrupt)
  }

  @Test func aMissingModelSaysWhatWasLookedForAndWhatIsThere() throws {
    let folder = try TemporaryFolder()
    let start =
      "no model file in \(folder.path): sklearn needs one file that ends in .joblib, .pkl or .pickle"
    #expect(load(folder.path) == ModelLoadError(.modelMissing, "\(start); the folder is empty"))
    try folder.file("model.bst")
    #expect(load(folder.path) == ModelLoadError(.modelMissing, "\(start); found only: model.bst"))
    let gone = folder.path + "/gone"
    #expect(load(gone) == ModelLoadError(.modelMissing, "the model folder \(gone) does not exist"))
    #expect(load("")?.code == .modelMissing)
  }

  @Test func whatIsNeitherFolderNorFileIsCalledWhatItIs() throws {
    let advice = "give a folder that holds the model, or the model's file, with --model_dir"
    #expect(
      load("/dev/null")
        == ModelLoadError(.modelMissing, "/dev/null is a device, which holds no model: \(advice)"))
    let folder = try TemporaryFolder()
    let file = try folder.file("notes.txt", "hello")
    #expect(
      load(file, framework: nil)
        == ModelLoadError(
          .modelMissing, "the file \(file) is no model that this server knows (it serves sklearn)"))
  }

  @Test func unknownFrameworksSayWhatIsServed() {
    #expect(
      load("/", framework: "tensorflow")
        == ModelLoadError(
          .unknownFramework, "this server has no runtime for the framework 'tensorflow'; it serves sklearn"))
  }

  @Test func withoutAFrameworkTheContentDecides() throws {
    let folder = try TemporaryFolder()
    try folder.file("notes.txt", "hello")
    #expect(load(folder.path, framework: nil)?.code == .modelMissing)
    try folder.file("anything.bin", "sum")
    #expect(load(folder.path, framework: nil) == nil)
    try folder.file("second", "sum")
    #expect(load(folder.path, framework: nil)?.code == .severalModels)
  }

  @Test func theRuntimesOwnErrorIsKept() throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl", "garbage")
    #expect(load(folder.path)?.code == .corrupt)
  }
}
