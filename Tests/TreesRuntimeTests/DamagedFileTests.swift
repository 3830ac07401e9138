import Basics
import ModelRuntime
import Testing
import TreesRuntime

@Suite struct DamagedFileTests {
  static let files = [
    "xgboost/binary.json", "xgboost/binary.ubj", "xgboost/binary.bst", "xgboost/dart.ubj",
    "xgboost/categorical.json", "xgboost/linear.bst", "lightgbm/binary.bst", "lightgbm/linear.bst",
  ]

  private func load(_ bytes: Bytes) throws(ModelLoadError) -> any LoadedModel {
    try TreesRuntime().load(bytes: bytes, path: "model", options: LoadOptions())
  }

  @Test(arguments: files)
  func aFileThatIsCutOffIsRefusedOrWhole(file: String) throws {
    let bytes = try BoosterFixtures.bytes(file)
    for length in stride(from: 0, to: bytes.count / 2, by: max(bytes.count / 211, 1)) {
      #expect(throws: ModelLoadError.self, "\(length) bytes") {
        try load(Bytes(bytes.prefix(length)))
      }
    }
  }

  @Test(arguments: files)
  func changedBytesAreRefusedOrServedButNeverTrapped(file: String) throws {
    let bytes = try BoosterFixtures.bytes(file)
    var state: UInt64 = 7
    for _ in 0..<400 {
      var changed = bytes
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        changed[Int(state >> 33) % changed.count] = UInt8(truncatingIfNeeded: state >> 25)
      }
      guard let model = try? load(changed) else { continue }
      _ = try? model.predict([try BoosterFixtures("xgboost").tensor])
    }
  }

  @Test func errorsNameTheFileTheCauseAndTheFix() throws {
    let cut = Bytes(try BoosterFixtures.bytes("xgboost/binary.ubj").prefix(500))
    let error = #expect(throws: ModelLoadError.self) { try load(cut) }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("The XGBoost model file model is corrupt at byte") == true)
    #expect(error?.message.contains("save it again") == true)
    var text = String(decoding: try BoosterFixtures.bytes("lightgbm/binary.bst"), as: UTF8.self)
    text.replace("objective=binary", with: "objective=unheard_of")
    let unknown = #expect(throws: ModelLoadError.self) { try load(Bytes(text.utf8)) }
    #expect(unknown?.message.contains("'unheard_of' is unknown") == true)
  }

  @Test func theContentDecidesNotTheName() throws {
    let runtime = TreesRuntime()
    for file in Self.files {
      let start = Bytes(try BoosterFixtures.bytes(file).prefix(4096))
      #expect(runtime.recognizes(path: "m.bst", firstBytes: start), "\(file)")
    }
    for other in ["{\"name\": 1}", "hello", "", "\u{80}\u{4}"] {
      #expect(!runtime.recognizes(path: "m.bst", firstBytes: Bytes(other.utf8)))
    }
  }
}
