internal import ModelRuntime

extension TreeForest {
  /// Chooses the row reader by the type that the rows arrived in, and so makes one copy of the walk for each.
  func walk<Coder: KeyCoder, Sum: LeafSum>(
    _ batch: RowBatch, _ nodes: [Coder.Node], _ sums: UnsafeMutablePointer<Sum>,
    _ leaves: UnsafeBufferPointer<Sum>, _ scratch: UnsafeMutableRawPointer, _ coder: Coder.Type
  ) {
    let columns = batch.columns
    let isLightGBM = shape.rowRule == .lightGBM
    switch batch.values {
    case .float32(let values):
      walk(batch.rows, nodes, sums, leaves, scratch, coder) { row, column in
        present(Coder.Value(values[row &* columns &+ column]), isLightGBM)
      }
    case .float64(let values):
      walk(batch.rows, nodes, sums, leaves, scratch, coder) { row, column in
        present(Coder.Value(values[row &* columns &+ column]), isLightGBM)
      }
    case .int32(let values):
      walk(batch.rows, nodes, sums, leaves, scratch, coder) { row, column in
        let value = values[row &* columns &+ column]
        return isLightGBM ? Coder.Value(Float(value)) : Coder.Value(value)
      }
    case .int64(let values):
      walk(batch.rows, nodes, sums, leaves, scratch, coder) { row, column in
        let value = values[row &* columns &+ column]
        return isLightGBM ? Coder.Value(Float(value)) : Coder.Value(value)
      }
    }
  }

  /// What LightGBM makes of a value: no farther from zero than its threshold is zero.
  @inline(__always)
  private func present<Value: BinaryFloatingPoint>(_ value: Value, _ isLightGBM: Bool) -> Value {
    isLightGBM && Double(value.magnitude) <= RowSlots.zeroThreshold ? 0 : value
  }

  @inline(__always)
  private func walk<Coder: KeyCoder, Sum: LeafSum>(
    _ rows: Int, _ nodes: [Coder.Node], _ sums: UnsafeMutablePointer<Sum>,
    _ leaves: UnsafeBufferPointer<Sum>, _ scratch: UnsafeMutableRawPointer, _ coder: Coder.Type,
    _ value: (_ row: Int, _ column: Int) -> Coder.Value
  ) {
    let stride = keyStride
    let block = blockRows(rows)
    let keys = scratch.assumingMemoryBound(to: Coder.Key.self)
    let answers = keys + block &* stride
    nodes.withUnsafeBufferPointer { nodes in
      guard let nodes = nodes.baseAddress else { return }
      var row = 0
      while rows &- row >= TreeForest.lanes {
        let count = min(block, (rows &- row) / TreeForest.lanes &* TreeForest.lanes)
        for index in 0..<count {
          shape.slots.fill(keys + index &* stride, with: coder) { value(row &+ index, $0) }
        }
        addBlock(nodes, keys, stride, count, answers, leaves, sums + row &* shape.outputs, coder)
        row &+= count
      }
      while row < rows {
        shape.slots.fill(keys, with: coder) { value(row, $0) }
        addRow(nodes, keys, answers, leaves, sums + row &* shape.outputs, coder)
        row &+= 1
      }
    }
  }

  /// One row through all trees.
  @inline(__always)
  private func addRow<Coder: KeyCoder, Sum: LeafSum>(
    _ nodes: UnsafePointer<Coder.Node>, _ keys: UnsafeMutablePointer<Coder.Key>,
    _ answers: UnsafeMutablePointer<Coder.Key>, _ leaves: UnsafeBufferPointer<Sum>,
    _ sums: UnsafeMutablePointer<Sum>, _ coder: Coder.Type
  ) {
    roots.withUnsafeBufferPointer { roots in
      groupLeast.withUnsafeBufferPointer { least in
        groupMost.withUnsafeBufferPointer { most in
          guard let roots = roots.baseAddress, let least = least.baseAddress, let most = most.baseAddress
          else { return }
          coder.walkRow(
            nodes, TreeGroups(roots: roots, least: least, most: most, count: groupLeast.count), keys, answers)
        }
      }
    }
    if shape.leafWidth == 1 {
      if hasOneOutput, isInline {
        var sum = sums[0]
        for tree in 0..<treeCount { sum += Sum.inline(answers[tree]) }
        sums[0] = sum
      } else {
        outputOfTree.withUnsafeBufferPointer { outputs in
          for tree in 0..<treeCount {
            sums[Int(outputs[tree])] += isInline ? Sum.inline(answers[tree]) : leaves[Int(answers[tree])]
          }
        }
      }
    } else {
      let width = shape.leafWidth
      for tree in 0..<treeCount {
        let leaf = Int(answers[tree]) &* width
        for index in 0..<width { sums[index] += leaves[leaf &+ index] }
      }
    }
  }

  /// Rows of whole groups of lanes through all trees, one tree after the other.
  @inline(__always)
  private func addBlock<Coder: KeyCoder, Sum: LeafSum>(
    _ nodes: UnsafePointer<Coder.Node>, _ keys: UnsafeMutablePointer<Coder.Key>, _ stride: Int, _ rows: Int,
    _ answers: UnsafeMutablePointer<Coder.Key>, _ leaves: UnsafeBufferPointer<Sum>,
    _ sums: UnsafeMutablePointer<Sum>, _ coder: Coder.Type
  ) {
    let outputs = shape.outputs
    let width = shape.leafWidth
    for tree in 0..<treeCount {
      coder.walkRows(
        nodes + Int(roots[tree]), (least: shape.least[tree], most: shape.most[tree]), keys, stride: stride,
        rows: rows, answers)
      if width == 1 {
        let target = sums + Int(outputOfTree[tree])
        if isInline {
          for row in 0..<rows { target[row &* outputs] += Sum.inline(answers[row]) }
        } else {
          for row in 0..<rows { target[row &* outputs] += leaves[Int(answers[row])] }
        }
      } else {
        for row in 0..<rows {
          let leaf = Int(answers[row]) &* width
          for index in 0..<width { sums[row &* outputs &+ index] += leaves[leaf &+ index] }
        }
      }
    }
  }
}
