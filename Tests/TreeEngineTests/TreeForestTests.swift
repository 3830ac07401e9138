import ModelRuntime
import TestSupport
import Testing
import TreeEngine

@Suite struct TreeForestTests {
  /// A tree of random shape over `features`, thresholds on a grid so that rows meet them.
  private func randomTree(
    _ generator: inout SeededGenerator, features: Int, depth: Int, leafWidth: Int = 1, lessOrEqual: Bool
  ) -> TreeDescription {
    var tree = TreeDescription(leafValues: [])
    var leaves = 0
    func grow(_ level: Int) -> Int {
      if level == depth || (level > 0 && Int.random(in: 0..<4, using: &generator) == 0) {
        for _ in 0..<leafWidth { tree.leafValues.append(Double.random(in: -1...1, using: &generator)) }
        leaves += 1
        return ~(leaves - 1)
      }
      let place = tree.splits.count
      let threshold = Double(Int.random(in: -8...8, using: &generator)) / 4
      let missing: TreeSplit.Missing = [.left, .right, .asZero, .zeroLeft, .zeroRight][
        Int.random(in: 0..<5, using: &generator)]
      var test = lessOrEqual ? TreeSplit.Test.lessOrEqual(threshold) : .less(threshold)
      if Int.random(in: 0..<6, using: &generator) == 0 {
        test = .categories(
          CategoryTest(
            members: [UInt32.random(in: 0...255, using: &generator)],
            membersGoLeft: Bool.random(using: &generator),
            others: Bool.random(using: &generator) ? [0xF0] : nil))
      }
      tree.splits.append(
        TreeSplit(
          feature: Int.random(in: 0..<features, using: &generator), test: test, missing: missing, left: 0,
          right: 0))
      tree.splits[place].left = grow(level + 1)
      tree.splits[place].right = grow(level + 1)
      return place
    }
    _ = grow(depth == 0 ? 0 : 0)
    return tree
  }

  /// The plain meaning of a tree.
  private func leaf(of tree: TreeDescription, _ row: [Double]) -> Int {
    if tree.splits.isEmpty { return 0 }
    var place = 0
    while place >= 0 {
      let split = tree.splits[place]
      place = goesLeft(split, row[split.feature]) ? split.left : split.right
    }
    return ~place
  }

  private func goesLeft(_ split: TreeSplit, _ value: Double) -> Bool {
    if case .categories(let test) = split.test {
      let missingLeft = split.missing == .left || split.missing == .zeroLeft
      if value.isNaN { return missingLeft }
      func contains(_ bits: [UInt32]) -> Bool {
        value >= 0 && value < 32 && bits[0] >> UInt32(value) & 1 == 1
      }
      if contains(test.members) { return test.membersGoLeft }
      if let others = test.others, !contains(others) { return missingLeft }
      return !test.membersGoLeft
    }
    var value = value
    switch split.missing {
    case .left, .right: if value.isNaN { return split.missing == .left }
    case .asZero: if value.isNaN { value = 0 }
    case .zeroLeft, .zeroRight:
      if value.isNaN || abs(value) <= Double(1e-35 as Float) { return split.missing == .zeroLeft }
    }
    switch split.test {
    case .less(let threshold): return value < threshold
    case .lessOrEqual(let threshold): return value <= threshold
    case .categories: return false
    }
  }

  private func rows(_ generator: inout SeededGenerator, _ count: Int, features: Int) -> [Double] {
    let special: [Double] = [
      .nan, 0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, 1e-45, 2.nextUp, 2.nextDown, 7,
    ]
    return (0..<(count * features)).map { _ in
      if Int.random(in: 0..<4, using: &generator) == 0 {
        return special[Int.random(in: 0..<special.count, using: &generator)]
      }
      return Double(Int.random(in: -9...9, using: &generator)) / 4
    }
  }

  private func predict(_ forest: TreeForest, _ rows: [Double], count: Int) -> [Double] {
    var sums = [Double](repeating: 0.25, count: count * forest.outputs)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: forest.scratchBytes(rows: count), alignment: 64)
    defer { scratch.deallocate() }
    rows.withUnsafeBufferPointer { rows in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let rows = rows.baseAddress, let sums = sums.baseAddress else { return }
        let batch = RowBatch(rows: count, columns: forest.columns, values: .float64(rows))
        forest.add(batch, to: sums, scratch: scratch)
      }
    }
    return sums
  }

  @Test(arguments: [1, 3, 5, 6, 9], [true, false])
  func everyLayoutFindsTheLeavesThatTheTreesMean(depth: Int, lessOrEqual: Bool) throws {
    var generator = SeededGenerator(seed: UInt64(depth) * 2 + (lessOrEqual ? 1 : 0))
    for precision in [TreeForestBuilder.Precision.float32, .float64] {
      for (trees, outputs, width) in [(1, 1, 1), (9, 1, 1), (70, 1, 1), (21, 3, 1), (12, 3, 3)] {
        let features = 7
        let descriptions = (0..<trees).map { _ in
          randomTree(&generator, features: features, depth: depth, leafWidth: width, lessOrEqual: lessOrEqual)
        }
        let count = 77
        var input = rows(&generator, count, features: features)
        if precision == .float32 { input = input.map { Double(Float($0)) } }
        var expected = [Double](repeating: 0.25, count: count * outputs)
        for row in 0..<count {
          let values = Array(input[(row * features)..<((row + 1) * features)])
          for (number, tree) in descriptions.enumerated() {
            let leaf = leaf(of: tree, values)
            for index in 0..<width {
              expected[row * outputs + (width == 1 ? number % outputs : index)] +=
                tree.leafValues[leaf * width + index]
            }
          }
        }
        for usesVectors in [true, false] {
          var builder = TreeForestBuilder(
            columns: features, outputs: outputs, rows: precision, sums: .float64, leafWidth: width)
          for (number, tree) in descriptions.enumerated() {
            try builder.add(tree, output: width == 1 ? number % outputs : 0)
          }
          let forest = builder.build(usesVectors: usesVectors)
          #expect(predict(forest, input, count: count) == expected)
          for row in [0, 40] {
            let one = Array(input[(row * features)..<((row + 1) * features)])
            #expect(
              predict(forest, one, count: 1) == Array(expected[(row * outputs)..<((row + 1) * outputs)]))
          }
        }
      }
    }
  }

  @Test func thresholdsBetweenFloatsAreDecidedExactly() throws {
    // 0.1 is no float32: the nearest one is above it.
    let near = Float(0.1)
    for (test, value, goesLeft) in [
      (TreeSplit.Test.lessOrEqual(0.1), near, false), (.lessOrEqual(0.1), near.nextDown, true),
      (.less(0.1), near, false), (.less(0.1), near.nextDown, true), (.less(Double(near)), near, false),
      (.lessOrEqual(Double(near)), near, true), (.lessOrEqual(.nan), -.infinity, false),
      (.less(.infinity), .greatestFiniteMagnitude, true), (.lessOrEqual(.infinity), .infinity, true),
    ] {
      var builder = TreeForestBuilder(columns: 1, rows: .float32, sums: .float64)
      try builder.add(
        TreeDescription(
          splits: [TreeSplit(feature: 0, test: test, left: ~0, right: ~1)], leafValues: [1, 2]))
      let sum = predict(builder.build(), [Double(value)], count: 1)[0]
      #expect(sum == (goesLeft ? 1.25 : 2.25), "\(test) of \(value)")
    }
  }

  @Test(arguments: [
    // A cycle, a node with two parents, a child and a leaf that there are not, a feature too many.
    [(0, 0, ~0)], [(0, 1, 1), (0, ~0, ~1)], [(0, 7, ~0)], [(0, ~9, ~0)], [(5, ~0, ~1)], [(-1, ~0, ~1)],
  ])
  func whatIsNoTreeIsRefused(nodes: [(feature: Int, left: Int, right: Int)]) {
    var builder = TreeForestBuilder(columns: 2, rows: .float32, sums: .float32)
    let splits = nodes.map {
      TreeSplit(feature: $0.feature, test: .less(0), left: $0.left, right: $0.right)
    }
    #expect(throws: TreeShapeError.self) {
      try builder.add(TreeDescription(splits: splits, leafValues: [1, 2]))
    }
  }

  @Test(arguments: [
    // A cycle, a child that there is not, two parents, a feature too many, lists that do not fit.
    FlatTree(left: [0], right: [0], features: [0], values: [1], missingGoesLeft: [true]),
    FlatTree(left: [1], right: [2], features: [0], values: [1], missingGoesLeft: [true]),
    FlatTree(
      left: [1, -1, -1], right: [1, -1, -1], features: [9, 0, 0], values: [1, 2, 3],
      missingGoesLeft: [true, true, true]),
    FlatTree(
      left: [1, 2, 1], right: [2, 1, 2], features: [0, 0, 0], values: [1, 2, 3],
      missingGoesLeft: [true, true, true]),
    FlatTree(left: [-2], right: [0], features: [0], values: [1], missingGoesLeft: [true]),
    FlatTree(left: [-1], right: [], features: [0], values: [1], missingGoesLeft: [true]),
    FlatTree(left: [], right: [], features: [], values: [], missingGoesLeft: []),
  ])
  func listsThatAreNoTreeAreRefused(tree: FlatTree) {
    var builder = TreeForestBuilder(columns: 2, rows: .float32, sums: .float32)
    #expect(throws: TreeShapeError.self) { try builder.add(tree) }
  }

  @Test func aTreeInListsIsTheTreeThatItsSplitsDescribe() throws {
    var lists = TreeForestBuilder(columns: 2, rows: .float32, sums: .float64)
    try lists.add(
      FlatTree(
        left: [3, -1, -1, 1, -1], right: [4, -1, -1, 2, -1], features: [1, 0, 0, 0, 0],
        values: [0.5, 10, 20, -1, 30], missingGoesLeft: [true, false, false, false, false]), scale: 0.5)
    let forest = lists.build()
    let rows: [Double] = [-2, 0, 0, 0, 0, 0.5, .nan, .nan, -2, .nan]
    #expect(predict(forest, rows, count: 5) == [5.25, 10.25, 15.25, 10.25, 5.25])
  }

  @Test func aForestOfConstantsNeedsNoFeature() throws {
    var builder = TreeForestBuilder(columns: 1, rows: .float64, sums: .float64)
    for _ in 0..<20 { try builder.add(TreeDescription(leafValues: [0.5])) }
    #expect(predict(builder.build(), [.nan], count: 1) == [10.25])
  }
}
