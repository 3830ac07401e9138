extension NumpySums {
  /// `values.sum()` in the values' own type.
  static func sum<Number: RealNumber>(_ values: [Number]) -> Number {
    values.withUnsafeBufferPointer { 0 + pairwiseSum($0) }
  }

  static func pairwiseSum<Number: RealNumber>(_ values: UnsafeBufferPointer<Number>) -> Number {
    let count = values.count
    if count < 8 {
      var sum: Number = -0.0
      for value in values { sum += value }
      return sum
    }
    if count > 128 {
      let half = count / 2 - count / 2 % 8
      return pairwiseSum(UnsafeBufferPointer(rebasing: values[..<half]))
        + pairwiseSum(UnsafeBufferPointer(rebasing: values[half...]))
    }
    return withUnsafeTemporaryAllocation(of: Number.self, capacity: 8) { partial in
      for lane in 0..<8 { partial[lane] = values[lane] }
      var position = 8
      while position < count - count % 8 {
        for lane in 0..<8 { partial[lane] += values[position + lane] }
        position += 8
      }
      var sum =
        ((partial[0] + partial[1]) + (partial[2] + partial[3]))
        + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
      while position < count {
        sum += values[position]
        position += 1
      }
      return sum
    }
  }

  /// `einsum('ij,ij->i', X, X)` of one row: numpy's loop for 16-byte vectors, four at a time, last one first.
  static func sumOfSquares<Number: RealNumber>(_ values: UnsafeBufferPointer<Number>) -> Number {
    let lanes = 16 / MemoryLayout<Number>.size
    var partial = [Number](repeating: 0, count: lanes)
    var position = 0
    while values.count - position >= 4 * lanes {
      for vector in stride(from: 3, through: 0, by: -1) {
        for lane in 0..<lanes {
          let value = values[position + vector * lanes + lane]
          partial[lane] += value * value
        }
      }
      position += 4 * lanes
    }
    while position < values.count {
      for lane in 0..<min(lanes, values.count - position) {
        partial[lane] += values[position + lane] * values[position + lane]
      }
      position += lanes
    }
    return lanes == 2 ? partial[0] + partial[1] : (partial[0] + partial[1]) + (partial[2] + partial[3])
  }
}
