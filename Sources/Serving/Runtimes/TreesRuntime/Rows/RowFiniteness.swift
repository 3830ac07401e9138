internal import CShims
internal import ModelRuntime

/// XGBoost takes no value that is infinite once it is a float32.
enum RowFiniteness {
  private static let hasVectors = apus_slices_supported() != 0

  static func hasInfiniteFloat32(_ batch: RowBatch) -> Bool {
    let count = batch.rows &* batch.columns
    switch batch.values {
    case .float32(let values):
      var isInfinite = false
      for index in 0..<count { isInfinite = isInfinite || values[index].magnitude == .infinity }
      return isInfinite
    case .float64(let values):
      if count >= 64, hasVectors { return apus_slice_has_infinite(values, count) != 0 }
      // The least double that rounds up to infinity: 2¹²⁸ less half a unit in the last place of float32.
      let limit = 0x1.ffffffp127
      var isInfinite = false
      for index in 0..<count { isInfinite = isInfinite || values[index].magnitude >= limit }
      return isInfinite
    case .int32, .int64: return false
    }
  }
}
