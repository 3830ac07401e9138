internal import Basics
internal import ClassicRuntime
internal import InferenceProtocol
internal import ModelRuntime
internal import TestSupport
internal import Testing

@Suite("Damaged model files")
struct DamagedFileTests {
  private static let files = [
    "svc-1.9.1.joblib", "forest-regressor-1.5.2.joblib", "svc-1.2.2.joblib", "pipeline-1.5.2.joblib",
    "logistic-1.2.2.pkl", "forest-outputs-1.5.2.pkl",
  ]
  /// Small ones, since each is read once per byte: plain joblib, zlib, gzip, pickle.
  private static let smallFiles = [
    "scaler-1.5.2.joblib", "pipeline-1.5.2.joblib", "svc-1.2.2.joblib", "pipeline-1.2.2.joblib",
    "logistic-1.2.2.pkl",
  ]
  private let rows = Tensor(name: "x", shape: [2, 4], values: .float32([5, 3, 1, 0.2, -1, 0, .infinity, 7]))

  @Test("A file cut at any byte is an error", arguments: smallFiles)
  func truncations(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    for count in 0..<bytes.count {
      let error = #expect(throws: ModelLoadError.self, "\(name) cut at \(count)") {
        _ = try ClassicRuntime().load(bytes: Bytes(bytes[..<count]), path: name, options: LoadOptions())
      }
      guard let error else { return }
      #expect(error.code == .corrupt, "\(name) cut at \(count): \(error)")
    }
  }

  @Test("Flipped bytes give an error or another model, never a crash", arguments: files)
  func flips(name: String) throws {
    let original = try Fixtures.bytes(name)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<1000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
          in: 0 ... .max, using: &generator)
      }
      try exercise(bytes, "\(name), seed \(seed)")
    }
  }

  @Test("Opcodes in random order give an error, never a crash")
  func randomOpcodes() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    let opcodes = Bytes("().012FGIJKLMNRSTUVX]abcdegijlopqrstu}\u{01}\n".utf8) + Bytes(0x80...0x98)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
        opcodes.randomElement(using: &generator) ?? 0
      }
      try exercise(bytes + [0x2e], "seed \(seed)")
    }
  }

  /// Loads and, where that works, predicts; the only errors are the declared ones, with a message.
  private func exercise(_ bytes: Bytes, _ comment: String) throws {
    do {
      let model = try ClassicRuntime().load(
        bytes: bytes, path: "model", options: LoadOptions(predictsProbabilities: true))
      _ = try model.predict([rows])
    } catch let error as ModelLoadError {
      #expect(!error.message.isEmpty, "\(comment)")
    } catch is PredictError {}
  }
}
