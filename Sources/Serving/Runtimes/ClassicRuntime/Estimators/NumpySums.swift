/// Sums in the order in which numpy makes them, since the order decides the last bit.
enum NumpySums {
  /// `values.sum()` along a contiguous axis: pairwise, with eight partial sums per block of up to 128.
  static func sum(_ values: UnsafeBufferPointer<Double>) -> Double { 0 + pairwise(values) }

  private static func pairwise(_ values: UnsafeBufferPointer<Double>) -> Double {
    let count = values.count
    if count < 8 {
      // -0.0 is the neutral element of addition.
      var sum = -0.0
      for value in values { sum += value }
      return sum
    }
    if count <= 128 { return block(values) }
    var half = count / 2
    half -= half % 8
    let left = UnsafeBufferPointer(rebasing: values[..<half])
    let right = UnsafeBufferPointer(rebasing: values[half...])
    return pairwise(left) + pairwise(right)
  }

  private static func block(_ values: UnsafeBufferPointer<Double>) -> Double {
    var partial = SIMD8<Double>()
    for lane in 0..<8 { partial[lane] = values[lane] }
    var position = 8
    while position < values.count - values.count % 8 {
      for lane in 0..<8 { partial[lane] += values[position + lane] }
      position += 8
    }
    var sum =
      ((partial[0] + partial[1]) + (partial[2] + partial[3]))
      + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
    while position < values.count {
      sum += values[position]
      position += 1
    }
    return sum
  }

  /// `argmax`: the first of equal largest values.
  static func argmax(_ values: UnsafeBufferPointer<Double>) -> Int {
    var best = 0
    for index in values.indices where values[index] > values[best] { best = index }
    return best
  }
}
