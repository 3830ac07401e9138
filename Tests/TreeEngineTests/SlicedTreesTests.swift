import ModelRuntime
import TestSupport
import Testing
import TreeEngine

/// Batches through small trees, compared with what each row's walk from the root finds.
@Suite struct SlicedTreesTests {
  private struct Case: CustomTestStringConvertible {
    var features: Int
    var trees: Int
    var outputs = 1
    var depth: Int
    /// Thresholds lie on a grid of so many values.
    var grid: Int
    var rows: Int
    var testDescription: String {
      "\(trees) trees of depth \(depth), \(features) features, \(grid) bounds, \(rows) rows"
    }
  }

  private static let cases: [Case] = [
    Case(features: 1, trees: 4, depth: 6, grid: 9, rows: 24),
    Case(features: 7, trees: 33, depth: 6, grid: 100, rows: 64),
    Case(features: 8, trees: 20, depth: 5, grid: 126, rows: 65),
    Case(features: 20, trees: 100, depth: 6, grid: 127, rows: 1000),
    Case(features: 3, trees: 100, depth: 6, grid: 128, rows: 512),
    Case(features: 2, trees: 200, outputs: 3, depth: 6, grid: 255, rows: 513),
    // Too many bounds, too deep: laid out otherwise.
    Case(features: 1, trees: 100, depth: 6, grid: 400, rows: 300),
    Case(features: 5, trees: 10, depth: 8, grid: 50, rows: 100),
    Case(features: 4, trees: 8, outputs: 2, depth: 1, grid: 3, rows: 1100),
    Case(features: 2, trees: 5, depth: 0, grid: 3, rows: 40),
  ]

  private func threshold(_ step: Int) -> Double { Double(Float(step - 20) / 8) }

  private func tree(_ generator: inout SeededGenerator, _ shape: Case) -> TreeDescription {
    var tree = TreeDescription(leafValues: [])
    func grow(_ level: Int) -> Int {
      if level == shape.depth || (level > 1 && Int.random(in: 0..<5, using: &generator) == 0) {
        tree.leafValues.append(Double(Float.random(in: -1...1, using: &generator)))
        return ~(tree.leafValues.count - 1)
      }
      let place = tree.splits.count
      tree.splits.append(
        TreeSplit(
          feature: Int.random(in: 0..<shape.features, using: &generator),
          test: .less(threshold(Int.random(in: 0..<shape.grid, using: &generator))),
          missing: Bool.random(using: &generator) ? .left : .right, left: 0, right: 0))
      tree.splits[place].left = grow(level + 1)
      tree.splits[place].right = grow(level + 1)
      return place
    }
    _ = grow(0)
    return tree
  }

  private func values(_ generator: inout SeededGenerator, _ shape: Case) -> [Double] {
    let special: [Double] = [
      .nan, -.nan, 0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -1e-45, 3e38, -3e38, 1e300,
    ]
    // A column without missing values shares its ranks between both rules.
    return (0..<(shape.rows * shape.features)).map { index in
      switch Int.random(in: 0..<8, using: &generator) {
      case 0 where index % shape.features != 1: special[Int.random(in: 0..<special.count, using: &generator)]
      case 1, 2, 3: threshold(Int.random(in: -1...shape.grid, using: &generator))
      default: Double.random(in: -3...50, using: &generator)
      }
    }
  }

  private func expected(_ trees: [TreeDescription], _ shape: Case, _ values: [Float]) -> [Float] {
    var sums = [Float](repeating: 0.5, count: shape.rows * shape.outputs)
    for row in 0..<shape.rows {
      for (number, tree) in trees.enumerated() {
        var place = tree.splits.isEmpty ? ~0 : 0
        while place >= 0 {
          let split = tree.splits[place]
          let value = values[row * shape.features + split.feature]
          guard case .less(let threshold) = split.test else { continue }
          let goesLeft = value.isNaN ? split.missing == .left : value < Float(threshold)
          place = goesLeft ? split.left : split.right
        }
        sums[row * shape.outputs + number % shape.outputs] += Float(tree.leafValues[~place])
      }
    }
    return sums
  }

  private func predict(_ forest: TreeForest, rows: Int, _ values: RowBatch.Values) -> [Float] {
    var sums = [Float](repeating: 0.5, count: rows * forest.outputs)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: forest.scratchBytes(rows: rows), alignment: 16)
    defer { scratch.deallocate() }
    sums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return }
      forest.add(
        RowBatch(rows: rows, columns: forest.columns, values: values), to: sums, scratch: scratch)
    }
    return sums
  }

  @Test(arguments: cases)
  private func batchesGetTheSumsOfEachRowsWalk(shape: Case) throws {
    for seed in 0..<2 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let trees = (0..<shape.trees).map { _ in tree(&generator, shape) }
      let doubles = values(&generator, shape)
      let floats = doubles.map { Float($0) }
      let wide = doubles.map { Int64(clamping: Int($0.isNaN ? 0 : min(max($0, -9e9), 9e9))) }
      let narrow = wide.map { Int32(clamping: $0) }
      for usesVectors in [true, false] {
        var builder = TreeForestBuilder(
          columns: shape.features, outputs: shape.outputs, rows: .float32, sums: .float32)
        for (number, tree) in trees.enumerated() { try builder.add(tree, output: number % shape.outputs) }
        let forest = builder.build(usesVectors: usesVectors)
        let answer = expected(trees, shape, floats)
        doubles.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            #expect(predict(forest, rows: shape.rows, .float64(base)) == answer)
          }
        }
        floats.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            #expect(predict(forest, rows: shape.rows, .float32(base)) == answer)
          }
        }
        wide.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            #expect(
              predict(forest, rows: shape.rows, .int64(base))
                == expected(trees, shape, wide.map { Float($0) }))
          }
        }
        narrow.withUnsafeBufferPointer {
          if let base = $0.baseAddress {
            #expect(
              predict(forest, rows: shape.rows, .int32(base))
                == expected(trees, shape, narrow.map { Float($0) }))
          }
        }
      }
    }
  }
}
