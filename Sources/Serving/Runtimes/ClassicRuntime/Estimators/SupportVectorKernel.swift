internal import CShims

/// libsvm's kernel functions over support vectors that lie side by side.
///
/// libsvm calls BLAS for its sums. Below sixteen features that is a plain loop: four support vectors are
/// calculated at a time, each in its own lane. From sixteen on the order is the one that `apus_dot_products`
/// describes.
struct SupportVectorKernel: Sendable {
  enum Function: Sendable {
    case linear
    case polynomial(degree: Int, gamma: Double, offset: Double)
    case radial(gamma: Double)
    case sigmoid(gamma: Double, offset: Double)
  }

  let function: Function
  let count: Int
  let featureCount: Int
  /// `[block][feature]`, four vectors per block, the last one filled up with zeros; empty from 16 features
  /// on.
  private let blocks: [SIMD4<Double>]
  /// `[vector][feature]`; empty below 16 features.
  private let vectors: [Double]

  /// - Parameter vectors: `count * featureCount` values, row-major.
  init(function: Function, vectors: [Double], count: Int, featureCount: Int) {
    self.function = function
    self.count = count
    self.featureCount = featureCount
    self.vectors = featureCount < 16 ? [] : vectors
    var blocks: [SIMD4<Double>] = []
    guard featureCount < 16 else {
      self.blocks = blocks
      return
    }
    for start in stride(from: 0, to: count, by: 4) {
      for feature in 0..<featureCount {
        var lanes = SIMD4<Double>()
        for lane in 0..<min(4, count - start) {
          lanes[lane] = vectors[(start + lane) * featureCount + feature]
        }
        blocks.append(lanes)
      }
    }
    self.blocks = blocks
  }

  var memoryBytes: Int { blocks.count * 32 + vectors.count * 8 }
  /// Length of the buffer that `evaluate` fills: `count` rounded up to whole blocks.
  var paddedCount: Int { (count + 3) / 4 * 4 }

  /// Fills `values` (of `paddedCount`) with K(row, vector).
  func evaluate(_ row: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>) {
    switch function {
    case .linear: products(row, into: values)
    case .polynomial(let degree, let gamma, let offset):
      products(row, into: values)
      for index in 0..<count {
        values[index] = SupportVectorKernel.power(gamma * values[index] + offset, degree)
      }
    case .sigmoid(let gamma, let offset):
      products(row, into: values)
      for index in 0..<count { values[index] = apus_tanh(gamma * values[index] + offset) }
    case .radial(let gamma):
      distances(row, into: values)
      for index in 0..<count { values[index] = apus_exp(-gamma * values[index]) }
    }
  }

  private func products(_ row: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>) {
    if !vectors.isEmpty {
      apus_dot_products(row.baseAddress, vectors, count, featureCount, values.baseAddress)
      return
    }
    blocks.withUnsafeBufferPointer { blocks in
      for block in 0..<(paddedCount / 4) {
        var sum = SIMD4<Double>()
        let base = block &* featureCount
        for feature in 0..<featureCount { sum += blocks[base &+ feature] * row[feature] }
        store(sum, block, values)
      }
    }
  }

  private func distances(_ row: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>)
  {
    if !vectors.isEmpty {
      withUnsafeTemporaryAllocation(of: Double.self, capacity: featureCount) { scratch in
        apus_squared_distances(
          row.baseAddress, vectors, count, featureCount, scratch.baseAddress, values.baseAddress)
      }
      return
    }
    blocks.withUnsafeBufferPointer { blocks in
      for block in 0..<(paddedCount / 4) {
        var sum = SIMD4<Double>()
        let base = block &* featureCount
        for feature in 0..<featureCount {
          let difference = row[feature] - blocks[base &+ feature]
          sum += difference * difference
        }
        store(sum, block, values)
      }
    }
  }

  @inline(__always)
  private func store(_ sum: SIMD4<Double>, _ block: Int, _ values: UnsafeMutableBufferPointer<Double>) {
    for lane in 0..<4 { values[block &* 4 &+ lane] = sum[lane] }
  }

  /// libsvm's `powi`.
  static func power(_ base: Double, _ times: Int) -> Double {
    var square = base
    var result = 1.0
    var remaining = times
    while remaining > 0 {
      if remaining % 2 == 1 { result *= square }
      square *= square
      remaining /= 2
    }
    return result
  }
}
