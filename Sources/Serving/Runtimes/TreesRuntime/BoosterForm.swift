/// Which of the boosters' file formats a file is in, by its first bytes.
enum BoosterForm: Sendable, Hashable {
  case lightGBM
  case xgboostJSON
  case xgboostUBJSON
  case xgboostBinary
  /// XGBoost's base64 form of long ago.
  case base64
  case unknown

  init(_ bytes: ArraySlice<UInt8>) {
    let text = bytes.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    if text.starts(with: "tree\n".utf8) || text.starts(with: "tree\r\n".utf8) {
      self = .lightGBM
    } else if text.first == UInt8(ascii: "{") {
      self = BoosterForm.document(text)
    } else if bytes.starts(with: "binf".utf8) {
      self = .xgboostBinary
    } else if bytes.starts(with: "bs64".utf8) {
      self = .base64
    } else {
      self = BoosterForm.hasObjective(bytes) ? .xgboostBinary : .unknown
    }
  }

  private static func document(_ text: ArraySlice<UInt8>) -> BoosterForm {
    let rest = text.dropFirst().drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    switch rest.first {
    case UInt8(ascii: "\"")?:
      // What XGBoost's documents begin with, so that not every JSON file is taken for one.
      let names = ["learner", "version", "Config", "Model"]
      return names.contains { rest.dropFirst().starts(with: $0.utf8) } ? .xgboostJSON : .unknown
    case UInt8(ascii: "L")?, UInt8(ascii: "i")?, UInt8(ascii: "U")?, UInt8(ascii: "I")?, UInt8(ascii: "l")?:
      return .xgboostUBJSON
    default: return .unknown
    }
  }

  /// The binary format without its mark: after 136 bytes of parameters comes the objective's name.
  private static func hasObjective(_ bytes: ArraySlice<UInt8>) -> Bool {
    let name = bytes.dropFirst(136)
    guard let length = name.first, (3...40).contains(length), name.count >= 8 + Int(length),
      name.dropFirst().prefix(7).allSatisfy({ $0 == 0 })
    else { return false }
    let letters = name.dropFirst(8).prefix(Int(length))
    return letters.contains(UInt8(ascii: ":")) && letters.allSatisfy { (0x21...0x7A).contains($0) }
  }
}
