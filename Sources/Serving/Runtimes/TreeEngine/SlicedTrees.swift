internal import CShims
internal import ModelRuntime

/// Small trees laid out for batches: every node is compared with many rows at once; see
/// `shims_tree_slices.h`. Float32 rows and sums, leaves of one value.
/// `@unchecked Sendable`: nothing changes after `init`.
final class SlicedTrees: @unchecked Sendable {
  /// A slot's column of ranks.
  private struct Column: BitwiseCopyable {
    let feature: Int32
    /// The key that missing values get.
    let missing: Int32
    /// The slot before it with the same feature, whose ranks are the same where no value is missing; or -1.
    let twin: Int32
    let levels: Int32
  }

  private let columns: Int
  private let outputs: Int
  private let nodes: Frozen<apus_slice_node>
  private let starts: Frozen<UInt32>
  /// `[tree][byte][leaf]`
  private let leaves: Frozen<UInt8>
  private let outputOfTree: Frozen<Int32>
  private let slots: Frozen<Column>
  /// `[slot][place]`: the bounds of its feature.
  private let tables: Frozen<Int32>

  private static var rowsPerBlock: Int { Int(APUS_SLICE_ROWS) }
  private static var depth: Int { 6 }
  private static var leafCount: Int { Int(APUS_SLICE_LEAVES) }
  private static var tableSize: Int { Int(APUS_SLICE_TABLE) }
  private static var planeBytes: Int { leafCount * rowsPerBlock / 8 }
  private static var maximumColumns: Int { 256 }
  private static var minimumTrees: Int { 4 }
  /// Fewer rows are done sooner one by one.
  static var minimumRows: Int { 24 }

  typealias Node = RankTrees<NarrowKeys>.Node

  /// - Parameter leafValue: of a leaf as the nodes number it.
  /// - Returns: nil where the processor or the trees do not fit.
  init?(trees: [[Node]], depths: [Int], shape: ForestShape, leafValue: (Int) -> Float) {
    guard apus_slices_supported() != 0, trees.count >= Self.minimumTrees, shape.leafWidth == 1,
      depths.allSatisfy({ $0 <= Self.depth }), shape.columns <= Self.maximumColumns, !shape.isLightGBM,
      shape.slots.categorical.isEmpty, let layout = Self.lay(shape.slots, trees)
    else { return nil }
    columns = shape.columns
    outputs = shape.outputs
    outputOfTree = shape.outputOfTree
    slots = Frozen(layout.columns)
    tables = Frozen(layout.tables)
    var nodes: [apus_slice_node] = []
    var starts: [UInt32] = [0]
    var leaves = [UInt8](repeating: 0, count: trees.count * Self.leafCount * 4)
    for (number, tree) in trees.enumerated() {
      var pending = [(index: 0, place: 1)]
      while let (index, place) = pending.popLast() {
        let node = tree[index]
        guard let slot = node.slot else {
          Self.store(leafValue(node.link), below: place, in: &leaves, at: number * Self.leafCount * 4)
          continue
        }
        let bounds = layout.bounds[Int(layout.columns[slot - 1].feature)] ?? []
        let bound = UInt32(Self.position(of: node.bound, in: bounds) + 1)
        nodes.append(
          apus_slice_node(bound: bound &* 0x0101_0101, slot: UInt16(slot - 1), place: UInt16(place)))
        pending.append((index + node.link + 1, place * 2 + 1))
        pending.append((index + node.link, place * 2))
      }
      starts.append(UInt32(nodes.count))
    }
    self.nodes = Frozen(nodes)
    self.starts = Frozen(starts)
    self.leaves = Frozen(leaves)
  }

  /// All leaves of the complete tree that lie below a place are this one.
  private static func store(_ value: Float, below place: Int, in leaves: inout [UInt8], at start: Int) {
    var first = place
    var last = place
    while first < leafCount {
      first = first * 2
      last = last * 2 + 1
    }
    let bits = value.bitPattern
    for leaf in (first - leafCount)...(last - leafCount) {
      for byte in 0..<4 {
        leaves[start + byte * leafCount + leaf] = UInt8(truncatingIfNeeded: bits >> UInt32(byte * 8))
      }
    }
  }

  private struct Layout {
    var columns: [Column] = []
    var tables: [Int32] = []
    /// Of each feature, ascending.
    var bounds: [Int: [Int32]] = [:]
  }

  /// - Returns: nil where a rule needs more than one key per value, or a feature has too many bounds.
  private static func lay(_ slots: RowSlots, _ trees: [[Node]]) -> Layout? {
    var features: [(feature: Int, missing: Int32)] = []
    for number in 0..<slots.groups.count {
      let group = slots.groups[number]
      let missing: Int32
      switch group.missing {
      case .right: missing = .max - 1
      case .left: missing = .min
      case .asZero, .zeroLeft, .zeroRight: return nil
      }
      for slot in group.start..<(group.start + group.count) {
        features.append((Int(slots.features[slot]), missing))
      }
    }
    guard !features.isEmpty, features.count <= Int(UInt16.max) else { return nil }
    var layout = Layout()
    var all: [Int: [Int32]] = [:]
    for node in trees.joined() {
      if let slot = node.slot { all[features[slot - 1].feature, default: []].append(node.bound) }
    }
    for (feature, bounds) in all {
      let distinct = Self.distinct(bounds)
      guard distinct.count <= Int(APUS_SLICE_BOUNDS) else { return nil }
      layout.bounds[feature] = distinct
    }
    var seen: [Int: Int] = [:]
    for (index, slot) in features.enumerated() {
      let bounds = layout.bounds[slot.feature] ?? []
      let levels = bounds.count < tableSize / 2 ? 7 : 8
      layout.columns.append(
        Column(
          feature: Int32(slot.feature), missing: slot.missing, twin: Int32(seen[slot.feature] ?? -1),
          levels: Int32(levels)))
      seen[slot.feature] = seen[slot.feature] ?? index
      layout.tables += searchTree(bounds, levels)
    }
    return layout
  }

  private static func distinct(_ values: [Int32]) -> [Int32] {
    var result: [Int32] = []
    for value in values.sorted() where result.last != value { result.append(value) }
    return result
  }

  private static func position(of bound: Int32, in bounds: [Int32]) -> Int {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The bounds in breadth-first order from place 1 on.
  private static func searchTree(_ bounds: [Int32], _ levels: Int) -> [Int32] {
    var table = [Int32](repeating: .max, count: tableSize)
    for level in 0..<levels {
      // The first node of the level stands for this bound, the next ones for those at twice the distance.
      let half = 1 << (levels - 1 - level)
      for index in 0..<(1 << level) {
        let position = half * (2 * index + 1) - 1
        if position < bounds.count { table[(1 << level) + index] = bounds[position] }
      }
    }
    return table
  }

  var memoryBytes: Int {
    nodes.byteCount + starts.byteCount + leaves.byteCount + slots.byteCount + tables.byteCount
  }

  // MARK: prediction

  /// The parts of the scratch memory, each of whole cache lines.
  private struct Scratch {
    let keys: UnsafeMutablePointer<Int32>
    let planes: UnsafeMutableRawPointer
    let sums: UnsafeMutablePointer<Float>
    let ranks: UnsafeMutablePointer<UInt8>
    let pointers: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    let missing: UnsafeMutablePointer<UInt8>
    let floats: UnsafeMutablePointer<Float>
  }

  private var keyBytes: Int { (columns + 7) / 8 * 8 * Self.rowsPerBlock * 4 }
  private var sumBytes: Int { outputs * Self.rowsPerBlock * 4 }
  private var rankBytes: Int { slots.count * Self.rowsPerBlock }
  private var pointerBytes: Int { (slots.count * 8 + 63) & ~63 }
  private var missingBytes: Int { (columns + 63) & ~63 }

  var scratchBytes: Int {
    64 + keyBytes + Self.planeBytes + sumBytes + rankBytes + pointerBytes + missingBytes
      + columns * Self.rowsPerBlock * 4
  }

  @inline(__always)
  private func parts(_ scratch: UnsafeMutableRawPointer) -> Scratch {
    let keys = scratch.alignedUp(toMultipleOf: 64)
    let planes = keys + keyBytes
    let sums = planes + Self.planeBytes
    let ranks = sums + sumBytes
    let pointers = ranks + rankBytes
    let missing = pointers + pointerBytes
    return Scratch(
      keys: keys.assumingMemoryBound(to: Int32.self), planes: planes,
      sums: sums.assumingMemoryBound(to: Float.self), ranks: ranks.assumingMemoryBound(to: UInt8.self),
      pointers: pointers.assumingMemoryBound(to: UnsafePointer<UInt8>?.self),
      missing: missing.assumingMemoryBound(to: UInt8.self),
      floats: (missing + missingBytes).assumingMemoryBound(to: Float.self))
  }

  /// Adds all trees to `[row][output]`.
  /// - Parameters:
  ///   - batch: of the forest's columns.
  ///   - scratch: `scratchBytes`.
  func add(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let parts = parts(scratch)
    var first = 0
    while first < batch.rows {
      let rows = min(Self.rowsPerBlock, batch.rows &- first)
      fillKeys(batch, first, rows, parts)
      rank(rows, parts)
      let target = sums + first &* outputs
      for output in 0..<outputs {
        let column = parts.sums + output &* Self.rowsPerBlock
        for row in 0..<rows { column[row] = target[row &* outputs &+ output] }
      }
      apus_slice_add(
        nodes.pointer, starts.pointer, outputOfTree.count, leaves.pointer, outputOfTree.pointer,
        parts.pointers, rows, parts.sums, parts.planes)
      for output in 0..<outputs {
        let column = parts.sums + output &* Self.rowsPerBlock
        for row in 0..<rows { target[row &* outputs &+ output] = column[row] }
      }
      first &+= rows
    }
  }

  private func fillKeys(_ batch: RowBatch, _ first: Int, _ rows: Int, _ parts: Scratch) {
    let start = first &* columns
    switch batch.values {
    case .float32(let values):
      apus_slice_keys_float(values + start, columns, rows, parts.keys, parts.missing)
    case .float64(let values):
      apus_slice_keys_double(values + start, columns, rows, parts.keys, parts.missing)
    case .int32(let values):
      for index in 0..<(rows &* columns) { parts.floats[index] = Float(values[start &+ index]) }
      apus_slice_keys_float(parts.floats, columns, rows, parts.keys, parts.missing)
    case .int64(let values):
      for index in 0..<(rows &* columns) { parts.floats[index] = Float(values[start &+ index]) }
      apus_slice_keys_float(parts.floats, columns, rows, parts.keys, parts.missing)
    }
  }

  private func rank(_ rows: Int, _ parts: Scratch) {
    for number in 0..<slots.count {
      let slot = slots[number]
      if slot.twin >= 0, parts.missing[Int(slot.feature)] == 0 {
        parts.pointers[number] = parts.pointers[Int(slot.twin)]
        continue
      }
      let ranks = parts.ranks + number &* Self.rowsPerBlock
      apus_slice_rank(
        parts.keys + Int(slot.feature) &* Self.rowsPerBlock, rows, slot.missing,
        tables.pointer + number &* Self.tableSize, slot.levels, ranks)
      parts.pointers[number] = UnsafePointer(ranks)
    }
  }
}
