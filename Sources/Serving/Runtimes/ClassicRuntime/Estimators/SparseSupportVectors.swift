internal import CShims

/// Support vectors of a model that was fitted on sparse rows: sums run over the entries, in their order, as
/// in
/// libsvm's sparse loops.
struct SparseSupportVectors: Sendable {
  let function: SupportVectorKernel.Function
  let vectors: SparseRows

  var memoryBytes: Int { vectors.values.count * 12 }

  /// Fills `values` with K(row, vector); the row's entries are sorted by column.
  func evaluate(
    _ columns: ArraySlice<Int32>, _ numbers: ArraySlice<Double>,
    into values: UnsafeMutableBufferPointer<Double>
  ) {
    for vector in 0..<vectors.rows {
      let entries = vectors.entries(of: vector)
      switch function {
      case .linear: values[vector] = product(columns, numbers, entries)
      case .polynomial(let degree, let gamma, let offset):
        values[vector] = SupportVectorKernel.power(
          gamma * product(columns, numbers, entries) + offset, degree)
      case .sigmoid(let gamma, let offset):
        values[vector] = apus_tanh(gamma * product(columns, numbers, entries) + offset)
      case .radial(let gamma): values[vector] = apus_exp(-gamma * distance(columns, numbers, entries))
      }
    }
  }

  private func product(
    _ columns: ArraySlice<Int32>, _ numbers: ArraySlice<Double>, _ entries: Range<Int>
  ) -> Double {
    var sum = 0.0
    var (left, right) = (columns.startIndex, entries.lowerBound)
    while left < columns.endIndex, right < entries.upperBound {
      let (a, b) = (columns[left], vectors.indices[right])
      if a == b { sum += numbers[left] * vectors.values[right] }
      if a <= b { left += 1 }
      if b <= a { right += 1 }
    }
    return sum
  }

  private func distance(
    _ columns: ArraySlice<Int32>, _ numbers: ArraySlice<Double>, _ entries: Range<Int>
  ) -> Double {
    var sum = 0.0
    var (left, right) = (columns.startIndex, entries.lowerBound)
    while left < columns.endIndex, right < entries.upperBound {
      let (a, b) = (columns[left], vectors.indices[right])
      let difference = (a <= b ? numbers[left] : 0) - (b <= a ? vectors.values[right] : 0)
      sum += difference * difference
      if a <= b { left += 1 }
      if b <= a { right += 1 }
    }
    while left < columns.endIndex {
      sum += numbers[left] * numbers[left]
      left += 1
    }
    while right < entries.upperBound {
      sum += vectors.values[right] * vectors.values[right]
      right += 1
    }
    return sum
  }
}
