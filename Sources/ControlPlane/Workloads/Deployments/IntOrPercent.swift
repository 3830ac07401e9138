internal import Formats

/// `maxSurge`, `maxUnavailable`: a number of pods, or a share of them as `25%`.
enum IntOrPercent: Hashable {
  case count(Int)
  case percent(Int)

  /// Nil where the value is neither, or negative.
  init?(_ value: JSONValue?) {
    switch value {
    case .number(let number):
      guard let count = number.int64, count >= 0 else { return nil }
      self = .count(Int(Int32(clamping: count)))
    case .string(let text):
      guard text.hasSuffix("%"), let percent = Int32(text.dropLast()), percent >= 0 else { return nil }
      self = .percent(Int(percent))
    default: return nil
    }
  }

  func resolved(of total: Int, roundUp: Bool) -> Int {
    switch self {
    case .count(let count): return count
    case .percent(let percent):
      let product = Int64(percent) * Int64(total)
      return Int(clamping: roundUp ? (product + 99) / 100 : product / 100)
    }
  }
}
