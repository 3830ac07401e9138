internal import CShims

/// A matrix that rows are multiplied with as OpenBLAS multiplies matrices: one fused sum per element.
struct FusedMatrix: Sendable {
  /// Length of a row that is multiplied.
  let depth: Int
  /// Length of the result.
  let width: Int
  private let doubles: [Double]
  private let floats: [Float]

  /// - Parameter values: `depth` rows of `width`.
  init(_ values: [Double], depth: Int, width: Int, keepsSingle: Bool = false) {
    self.depth = depth
    self.width = width
    doubles = values
    floats = keepsSingle ? values.map { Float($0) } : []
  }

  init(_ matrix: BoundMatrix, keepsSingle: Bool = false) {
    self.init(matrix.values, depth: matrix.rows, width: matrix.columns, keepsSingle: keepsSingle)
  }

  var memoryBytes: Int { doubles.count * 8 + floats.count * 4 }
  subscript(row: Int, column: Int) -> Double { doubles[row * width + column] }

  /// `row @ matrix`; allocates nothing.
  func multiply(_ row: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>) {
    doubles.withUnsafeBufferPointer { matrix in
      guard let base = matrix.baseAddress else {
        result.update(repeating: 0, count: width)
        return
      }
      apus_fused_products(row, base, depth, width, result)
    }
  }

  /// The same in float32; the matrix must keep its float32 form.
  func multiply(_ row: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>) {
    floats.withUnsafeBufferPointer { matrix in
      guard let base = matrix.baseAddress else {
        result.update(repeating: 0, count: width)
        return
      }
      apus_fused_products_single(row, base, depth, width, result)
    }
  }

  /// All rows of a batch, `[rows][width]`.
  func multiply<Number: RealNumber>(_ values: [Number], rows: Int) -> [Number] {
    [Number](unsafeUninitializedCapacity: rows * width) { result, initialized in
      result.update(repeating: 0)
      if let values = values as? [Double] {
        values.withUnsafeBufferPointer { source in
          result.withMemoryRebound(to: Double.self) { target in each(source, target, rows, multiply) }
        }
      } else if let values = values as? [Float] {
        values.withUnsafeBufferPointer { source in
          result.withMemoryRebound(to: Float.self) { target in each(source, target, rows, multiply) }
        }
      }
      initialized = rows * width
    }
  }

  private func each<Number>(
    _ source: UnsafeBufferPointer<Number>, _ target: UnsafeMutableBufferPointer<Number>, _ rows: Int,
    _ body: (UnsafePointer<Number>, UnsafeMutablePointer<Number>) -> Void
  ) {
    guard let source = source.baseAddress, let target = target.baseAddress else { return }
    for row in 0..<rows { body(source + row * depth, target + row * width) }
  }
}
