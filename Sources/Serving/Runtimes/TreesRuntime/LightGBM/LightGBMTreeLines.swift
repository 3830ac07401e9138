/// The lines of one tree, and their lists of numbers.
struct LightGBMTreeLines {
  let members: [String: UnsafeBufferPointer<UInt8>]

  func integer(_ key: String, default fallback: Int?) throws(ModelFileError) -> Int {
    guard let line = members[key] else {
      if let fallback { return fallback }
      throw .corrupt(offset: nil, "has no '\(key)'")
    }
    guard let value = Int(String(decoding: line, as: UTF8.self)) else {
      throw .corrupt(offset: nil, "has a '\(key)' that is no number")
    }
    return value
  }

  func doubles(_ key: String, count: Int) throws(ModelFileError) -> [Double] {
    try list(key, count: count) { line, offset in LightGBMTreeLines.double(line, &offset) }
  }

  func integers(_ key: String, count: Int) throws(ModelFileError) -> [Int] {
    try list(key, count: count) { line, offset in LightGBMTreeLines.integer(line, &offset) }
  }

  /// Exactly `count` numbers between blanks.
  private func list<Element>(
    _ key: String, count: Int,
    _ element: (UnsafeBufferPointer<UInt8>, inout Int) -> Element?
  ) throws(ModelFileError) -> [Element] {
    guard let line = members[key] else { throw .corrupt(offset: nil, "has no '\(key)'") }
    // Each number takes at least a digit and a blank.
    guard count <= line.count / 2 + 1 else {
      throw .corrupt(offset: nil, "has fewer than \(count) values in '\(key)'")
    }
    var values: [Element] = []
    values.reserveCapacity(count)
    var offset = 0
    while true {
      while offset < line.count, line[offset] == 0x20 { offset += 1 }
      if offset == line.count { break }
      guard let value = element(line, &offset), offset == line.count || line[offset] == 0x20 else {
        throw .corrupt(offset: nil, "has something in '\(key)' that is no number")
      }
      values.append(value)
    }
    guard values.count == count else {
      throw .corrupt(offset: nil, "has \(values.count) values in '\(key)' instead of \(count)")
    }
    return values
  }

  private static func integer(_ line: UnsafeBufferPointer<UInt8>, _ offset: inout Int) -> Int? {
    let isNegative = line[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    let start = offset
    var value = 0
    while offset < line.count, line[offset] &- 48 < 10 {
      guard value < 1 << 40 else { return nil }
      value = value * 10 + Int(line[offset] &- 48)
      offset += 1
    }
    return offset > start ? (isNegative ? -value : value) : nil
  }

  private static func double(_ line: UnsafeBufferPointer<UInt8>, _ offset: inout Int) -> Double? {
    let start = offset
    let isNegative = line[offset] == UInt8(ascii: "-")
    if isNegative || line[offset] == UInt8(ascii: "+") { offset += 1 }
    if let decimal = DecimalScanner.scan(line, from: &offset), let exact = decimal.exact {
      return isNegative ? -exact : exact
    }
    while offset < line.count, line[offset] != 0x20 { offset += 1 }
    return Double(String(decoding: line[start..<offset], as: UTF8.self))
  }
}

extension LightGBMTree {
  init(_ lines: LightGBMTreeLines) throws(ModelFileError) {
    leafCount = try lines.integer("num_leaves", default: nil)
    let categoricalCount = try lines.integer("num_cat", default: nil)
    guard leafCount >= 1, leafCount < 1 << 30, categoricalCount >= 0 else {
      throw .corrupt(offset: nil, "has \(leafCount) leaves and \(categoricalCount) categorical splits")
    }
    leafValues = try lines.doubles("leaf_value", count: leafCount)
    let isLinear = try lines.integer("is_linear", default: 0) != 0
    if leafCount == 1, !isLinear { return }
    let splits = leafCount - 1
    if splits > 0 {
      left = try lines.integers("left_child", count: splits)
      right = try lines.integers("right_child", count: splits)
      features = try lines.integers("split_feature", count: splits)
      thresholds = try lines.doubles("threshold", count: splits)
      decisions =
        lines.members["decision_type"] == nil
        ? Array(repeating: 0, count: splits) : try lines.integers("decision_type", count: splits)
    }
    if isLinear { linear = try LinearLeaves(lines, leaves: leafCount) }
    if categoricalCount > 0 {
      guard categoricalCount <= splits else {
        throw .corrupt(offset: nil, "has \(categoricalCount) categorical splits among \(splits)")
      }
      categoryBoundaries = try lines.integers("cat_boundaries", count: categoricalCount + 1)
      guard let last = categoryBoundaries.last, categoryBoundaries[0] == 0,
        zip(categoryBoundaries, categoryBoundaries.dropFirst()).allSatisfy({ $0 <= $1 })
      else { throw .corrupt(offset: nil, "has category boundaries that do not ascend") }
      categoryBits = try lines.integers("cat_threshold", count: last).map {
        UInt32(truncatingIfNeeded: $0)
      }
    }
  }
}

extension LightGBMTree.LinearLeaves {
  init(_ lines: LightGBMTreeLines, leaves: Int) throws(ModelFileError) {
    constants =
      lines.members["leaf_const"] == nil
      ? Array(repeating: 0, count: leaves) : try lines.doubles("leaf_const", count: leaves)
    let counts =
      lines.members["num_features"] == nil
      ? Array(repeating: 0, count: leaves) : try lines.integers("num_features", count: leaves)
    var starts = [0]
    for count in counts {
      guard count >= 0, count < 1 << 30, starts[starts.count - 1] < 1 << 40 else {
        throw .corrupt(offset: nil, "has a leaf with \(count) features")
      }
      starts.append(starts[starts.count - 1] + count)
    }
    self.starts = starts
    let total = starts[starts.count - 1]
    features = total == 0 ? [] : try lines.integers("leaf_features", count: total)
    coefficients = total == 0 ? [] : try lines.doubles("leaf_coeff", count: total)
  }
}
