internal import InferenceProtocol
internal import ModelRuntime
internal import PythonRuntime
internal import Testing

@Suite("Loading in Python workers")
struct LoadTests {
  @Test("Nothing is run unless that was allowed")
  func refusedByDefault() throws {
    let probe = try Probe(["model.pkl": "cprobe\nmodel\n.", "probe.py": "open('ran', 'w')\nmodel = 1\n"])
    let error = #expect(throws: ModelLoadError.self) {
      try probe.load("model.pkl", ["python.allow": "false"])
    }
    #expect(error?.code == .unsafeContent)
    #expect(error?.message.contains("--allow_python") == true)
  }

  @Test("What goes wrong in Python is told in its words")
  func loadFailures() throws {
    let cases: [(files: [String: String], path: String, words: String)] = [
      (["model.pkl": "cnothing_of_this_name\nmodel\n."], "model.pkl", "ModuleNotFoundError"),
      (["model.pkl": "garbage"], "model.pkl", "Error"),
      (["model.pkl": "cbuiltins\nint\n."], "model.pkl", "has neither predict nor transform"),
      (
        ["model.pkl": "cprobe\nmodel\n.", "probe.py": "import os; os._exit(3)"], "model.pkl", "exit status 3"
      ),
    ]
    for (files, path, words) in cases {
      let probe = try Probe(files)
      let error = #expect(throws: ModelLoadError.self) { try probe.load(path) }
      #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }
  }

  @Test("Paths and settings that cannot work are refused before anything starts")
  func refusals() throws {
    let probe = try Probe(["a.py": "", "b.py": ""])
    let several = #expect(throws: ModelLoadError.self) { try probe.load() }
    #expect(several?.code == .severalModels)
    let missing = #expect(throws: ModelLoadError.self) { try probe.load("none.pt") }
    #expect(missing?.code == .modelMissing)
    let settings: [[String: String]] = [
      ["python.executable": "/nowhere"], ["python.workers": "0"], ["python.kind": "julia"],
      ["python.wrokers": "1"],
    ]
    for setting in settings {
      #expect(throws: ModelLoadError.self, "\(setting)") { try probe.load("a.py", setting) }
    }
  }

  @Test("Estimators that the native runtime does not know go to a worker, where that was allowed")
  func fallback() throws {
    struct Unable: ModelRuntime {
      let code: ModelLoadError.Code
      var name: String { "unable" }
      var frameworks: [String] { ["sklearn"] }
      func fileExtensions(of framework: String) -> [String] { [".pkl"] }
      func recognizes(path: String, firstBytes: [UInt8]) -> Bool { true }
      func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
        throw ModelLoadError(code, "it holds an Oddity.")
      }
    }
    let probe = try Probe.misbehaving()
    let path = "\(probe.folder)/model.pkl"
    let allowed = LoadOptions(
      settings: ["python.allow": "true", "python.executable": Probe.interpreter])
    let model = try PythonFallback(Unable(code: .unsupportedEstimator)).load(path: path, options: allowed)
    #expect(try model.ask(0, 3) == .float32([0, 6]))
    #expect(model.signature.platform == "python_sklearn")
    #expect(model.waitsForOthers)
    let refused = #expect(throws: ModelLoadError.self) {
      try PythonFallback(Unable(code: .unsupportedEstimator)).load(path: path, options: LoadOptions())
    }
    #expect(refused?.code == .unsupportedEstimator)
    #expect(refused?.message.hasPrefix("it holds an Oddity. If you trust the file, --allow_python") == true)
    let corrupt = #expect(throws: ModelLoadError.self) {
      try PythonFallback(Unable(code: .corrupt)).load(path: path, options: allowed)
    }
    #expect(corrupt == ModelLoadError(.corrupt, "it holds an Oddity."))
  }
}
