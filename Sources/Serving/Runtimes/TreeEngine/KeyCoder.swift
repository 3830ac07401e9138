internal import CShims

/// Floating-point numbers as integers in the same order: compared in a cycle, with room at both ends for rows
/// whose value is missing. Both zeros have one key.
protocol KeyCoder {
  associatedtype Value: BinaryFloatingPoint & BitwiseCopyable
  associatedtype Key: FixedWidthInteger & SignedInteger & BitwiseCopyable & Sendable
  associatedtype Node: BitwiseCopyable

  static func key(_ value: Value) -> Key
  /// The key `t` with `x goes left ⟺ key(x) < t`, for every x that is a number.
  static func bound(less threshold: Double) -> Key
  static func bound(lessOrEqual threshold: Double) -> Key

  static func walkRow(
    _ nodes: UnsafePointer<Node>, _ groups: TreeGroups, _ keys: UnsafePointer<Key>,
    _ answers: UnsafeMutablePointer<Key>)
  static func walkRows(
    _ root: UnsafePointer<Node>, _ depths: (least: Int, most: Int), _ keys: UnsafePointer<Key>, stride: Int,
    rows: Int, _ answers: UnsafeMutablePointer<Key>)
  static func rank(
    _ keys: UnsafePointer<Key>, _ slots: Int, _ bounds: UnsafePointer<Key>, _ starts: UnsafePointer<UInt32>,
    _ pivots: UnsafePointer<Key>, _ pivotStarts: UnsafePointer<UInt32>, _ blocks: UnsafePointer<UInt32>,
    _ ranks: UnsafeMutablePointer<UInt16>)
}

/// The groups of trees that one row walks down together.
struct TreeGroups {
  let roots: UnsafePointer<UInt32>
  let least: UnsafePointer<UInt16>
  let most: UnsafePointer<UInt16>
  let count: Int
}

extension KeyCoder {
  /// Keys of missing values: below and above every number's and every bound.
  static var leftmost: Key { .min }
  static var rightmost: Key { .max }
}

/// Float32 rows, nodes of eight bytes.
enum NarrowKeys: KeyCoder {
  @inline(__always)
  static func key(_ value: Float) -> Int32 {
    let bits = Int32(bitPattern: (value + 0).bitPattern)
    return bits ^ (bits >> 31 & Int32.max)
  }

  static func bound(less threshold: Double) -> Int32 {
    // Nothing is less than NaN.
    if threshold.isNaN { return .min + 1 }
    let below = floatNotAbove(threshold)
    return Double(below) == threshold ? key(below) : key(below) + 1
  }

  static func bound(lessOrEqual threshold: Double) -> Int32 {
    threshold.isNaN ? .min + 1 : key(floatNotAbove(threshold)) + 1
  }

  /// The largest float32 that is not above `value`.
  private static func floatNotAbove(_ value: Double) -> Float {
    let rounded = Float(value)
    return Double(rounded) > value ? rounded.nextDown : rounded
  }

  @inline(__always)
  static func walkRow(
    _ nodes: UnsafePointer<apus_tree_node>, _ groups: TreeGroups, _ keys: UnsafePointer<Int32>,
    _ answers: UnsafeMutablePointer<Int32>
  ) {
    apus_trees_walk_row(nodes, groups.roots, groups.least, groups.most, groups.count, keys, answers)
  }

  @inline(__always)
  static func walkRows(
    _ root: UnsafePointer<apus_tree_node>, _ depths: (least: Int, most: Int), _ keys: UnsafePointer<Int32>,
    stride: Int, rows: Int, _ answers: UnsafeMutablePointer<Int32>
  ) {
    apus_trees_walk_rows(root, depths.least, depths.most, keys, stride, rows, answers)
  }

  @inline(__always)
  static func rank(
    _ keys: UnsafePointer<Int32>, _ slots: Int, _ bounds: UnsafePointer<Int32>,
    _ starts: UnsafePointer<UInt32>, _ pivots: UnsafePointer<Int32>, _ pivotStarts: UnsafePointer<UInt32>,
    _ blocks: UnsafePointer<UInt32>, _ ranks: UnsafeMutablePointer<UInt16>
  ) { apus_rank_row(keys, slots, bounds, starts, pivots, pivotStarts, blocks, ranks) }
}

/// Float32 rows where the trees are too large for nodes of eight bytes.
enum WideFloatKeys: KeyCoder {
  @inline(__always)
  static func key(_ value: Float) -> Int64 { Int64(NarrowKeys.key(value)) }
  static func bound(less threshold: Double) -> Int64 { Int64(NarrowKeys.bound(less: threshold)) }
  static func bound(lessOrEqual threshold: Double) -> Int64 {
    Int64(NarrowKeys.bound(lessOrEqual: threshold))
  }

  @inline(__always)
  static func walkRow(
    _ nodes: UnsafePointer<apus_wide_tree_node>, _ groups: TreeGroups, _ keys: UnsafePointer<Int64>,
    _ answers: UnsafeMutablePointer<Int64>
  ) { WideKeys.walkRow(nodes, groups, keys, answers) }

  @inline(__always)
  static func walkRows(
    _ root: UnsafePointer<apus_wide_tree_node>, _ depths: (least: Int, most: Int),
    _ keys: UnsafePointer<Int64>, stride: Int, rows: Int, _ answers: UnsafeMutablePointer<Int64>
  ) { WideKeys.walkRows(root, depths, keys, stride: stride, rows: rows, answers) }

  @inline(__always)
  static func rank(
    _ keys: UnsafePointer<Int64>, _ slots: Int, _ bounds: UnsafePointer<Int64>,
    _ starts: UnsafePointer<UInt32>, _ pivots: UnsafePointer<Int64>, _ pivotStarts: UnsafePointer<UInt32>,
    _ blocks: UnsafePointer<UInt32>, _ ranks: UnsafeMutablePointer<UInt16>
  ) { apus_rank_row_wide(keys, slots, bounds, starts, pivots, pivotStarts, blocks, ranks) }
}

/// Float64 rows, nodes of sixteen bytes.
enum WideKeys: KeyCoder {
  @inline(__always)
  static func key(_ value: Double) -> Int64 {
    let bits = Int64(bitPattern: (value + 0).bitPattern)
    return bits ^ (bits >> 63 & Int64.max)
  }

  static func bound(less threshold: Double) -> Int64 { threshold.isNaN ? .min + 1 : key(threshold) }
  static func bound(lessOrEqual threshold: Double) -> Int64 {
    threshold.isNaN ? .min + 1 : key(threshold) + 1
  }

  @inline(__always)
  static func walkRow(
    _ nodes: UnsafePointer<apus_wide_tree_node>, _ groups: TreeGroups, _ keys: UnsafePointer<Int64>,
    _ answers: UnsafeMutablePointer<Int64>
  ) {
    apus_trees_walk_row_wide(nodes, groups.roots, groups.least, groups.most, groups.count, keys, answers)
  }

  @inline(__always)
  static func walkRows(
    _ root: UnsafePointer<apus_wide_tree_node>, _ depths: (least: Int, most: Int),
    _ keys: UnsafePointer<Int64>, stride: Int, rows: Int, _ answers: UnsafeMutablePointer<Int64>
  ) {
    apus_trees_walk_rows_wide(root, depths.least, depths.most, keys, stride, rows, answers)
  }

  @inline(__always)
  static func rank(
    _ keys: UnsafePointer<Int64>, _ slots: Int, _ bounds: UnsafePointer<Int64>,
    _ starts: UnsafePointer<UInt32>, _ pivots: UnsafePointer<Int64>, _ pivotStarts: UnsafePointer<UInt32>,
    _ blocks: UnsafePointer<UInt32>, _ ranks: UnsafeMutablePointer<UInt16>
  ) { apus_rank_row_wide(keys, slots, bounds, starts, pivots, pivotStarts, blocks, ranks) }
}

/// Float32 or float64 sums, and how leaves' nodes hold their summands.
protocol LeafSum: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static func inline(_ answer: some FixedWidthInteger) -> Self
}

extension Float: LeafSum {
  @inline(__always)
  static func inline(_ answer: some FixedWidthInteger) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: answer))
  }
}

extension Double: LeafSum {
  @inline(__always)
  static func inline(_ answer: some FixedWidthInteger) -> Double {
    Double(bitPattern: UInt64(truncatingIfNeeded: answer))
  }
}
