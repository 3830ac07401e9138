internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import PythonRuntime
internal import Testing

/// A folder with a model of the test's own making; removed with it.
final class Probe: Sendable {
  let folder: String

  init(_ files: [String: String]) throws {
    let number = SystemRandomNumberGenerator.unique()
    folder = "/tmp/apus-python-\(ProcessEnvironment.processIdentifier)-\(number)"
    try Files.createDirectories(folder)
    for (name, text) in files { try Files.writeAtomically(Array(text.utf8), to: "\(folder)/\(name)") }
  }

  deinit { try? Files.removeTree(folder) }

  /// Python with numpy, scikit-learn and kserve, as `make setup test` installs it.
  static var interpreter: String {
    let home = ProcessEnvironment.homeDirectory
    let cache =
      ProcessEnvironment.variable("APUS_CACHE")
      ?? "\(ProcessEnvironment.variable("XDG_CACHE_HOME") ?? "\(home)/.cache")/apus"
    return "\(cache)/venv-clients/bin/python3"
  }

  func load(
    _ name: String = "", _ settings: [String: String] = [:], probabilities: Bool = false
  ) throws -> any LoadedModel {
    try #require(
      Files.exists(Self.interpreter),
      "These tests need Python, which is not at \(Self.interpreter): run `make setup test`")
    let own = ["python.allow": "true", "python.executable": Self.interpreter]
    let options = LoadOptions(
      predictsProbabilities: probabilities, settings: own.merging(settings) { _, given in given })
    let path = name.isEmpty ? folder : "\(folder)/\(name)"
    return try PythonRuntime().load(path: path, options: options)
  }

  /// A "pickle" that names an object of the module beside it, whose `predict` misbehaves on demand.
  static func misbehaving() throws -> Probe {
    try Probe(["model.pkl": "cprobe\nmodel\n.", "probe.py": probe])
  }

  private static let probe = #"""
    import ctypes, os, sys, time
    import numpy as np

    class Model:
        def predict(self, x):
            if x.dtype != np.float32 or x.shape != (2,):
                return x
            what, value = int(x[0]), float(x[1])
            if what == 1:
                os.kill(os.getpid(), 9)
            if what == 2:
                raise RuntimeError("the model is tired")
            if what == 3:
                raise ValueError("seven is no even number")
            if what == 4:
                print("the disk is full", file=sys.stderr, flush=True)
                sys.exit(5)
            if what == 5:
                time.sleep(value)
                return x
            if what == 6:
                ctypes.string_at(0)
            if what == 7:
                return np.array([os.getpid()])
            if what == 8:
                os.write(4, b"nonsense")
                time.sleep(20)
            if what == 9:
                return bytearray(int(value) << 20)[:1]
            if what == 10:
                os.ftruncate(6, 0)
                return x
            return x * 2

    model = Model()
    """#
}

extension SystemRandomNumberGenerator {
  fileprivate static func unique() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
}

extension LoadedModel {
  /// Asks the misbehaving probe for something.
  func ask(_ what: Float, _ value: Float = 0) throws(PredictError) -> TensorValues? {
    try predict([Tensor(name: "x", shape: [2], values: .float32([what, value]))]).first?.values.unpacked()
  }

  func failure(_ what: Float, _ value: Float = 0) -> PredictError? {
    do throws(PredictError) {
      _ = try ask(what, value)
      return nil
    } catch {
      return error
    }
  }
}
