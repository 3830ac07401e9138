extension EstimatorFamily {
  static let columnFamilies: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.compose._column_transformer"],
      [
        "ColumnTransformer": { binder, state throws(BindError) in
          BoundEstimator(try binder.columnTransformer(state))
        }
      ], parts: ["make_column_selector", "_RemainderColsList"]),
    EstimatorFamily(
      ["sklearn.pipeline"],
      ["FeatureUnion": { binder, state throws(BindError) in try binder.featureUnion(state) }]),
  ]
}

extension EstimatorBinder {
  func columnTransformer(_ state: EstimatorState) throws(BindError) -> ColumnTransformer {
    let identity = try state.identity()
    var indices: [String: [Int]] = [:]
    for entry in try state.entries("_transformer_to_input_indices") {
      guard case .string(let name) = entry.key else {
        throw state.malformed("_transformer_to_input_indices", "a dictionary of names")
      }
      indices[name] = try columnIndices(entry.value, state, identity)
    }
    var parts: [ColumnTransformer.Part] = []
    for item in try state.items("transformers_") {
      guard let tuple = state.items(item), tuple.count == 3, case .string(let name) = tuple[0] else {
        throw state.malformed("transformers_", "a list of (name, transformer, columns)")
      }
      if case .string("drop") = tuple[1] { continue }
      guard let columns = indices[name] else {
        throw state.malformed("_transformer_to_input_indices", "a list of columns per transformer")
      }
      if columns.isEmpty { continue }
      parts.append(ColumnTransformer.Part(transformer: try transformer(tuple[1], state), columns: columns))
    }
    return ColumnTransformer(
      identity: identity, featureNames: try state.featureNames(identity), parts: parts,
      isSparse: try state.bool("sparse_output_"))
  }

  /// A list or an array of column numbers.
  private func columnIndices(
    _ value: PickleValue, _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> [Int] {
    var numbers: [Int] = []
    if let items = state.items(value) {
      try spend(elements: items.count)
      for item in items {
        guard case .integer(let number) = item else {
          throw state.malformed("_transformer_to_input_indices", "a list of columns")
        }
        numbers.append(Int(clamping: number))
      }
    } else {
      let array = try state.array(in: value, "_transformer_to_input_indices")
      numbers = (array.integers() ?? []).map { Int($0) }
    }
    guard numbers.allSatisfy({ (0..<identity.featureCount).contains($0) }) else {
      throw state.malformed("_transformer_to_input_indices", "columns of the \(identity.featureCount)")
    }
    return numbers
  }

  /// nil for `passthrough` and for pipelines that do nothing.
  private func transformer(
    _ value: PickleValue, _ state: EstimatorState
  ) throws(BindError) -> (any Transformer)? {
    guard let bound = try bind(value) else { return nil }
    guard let transformer = bound.transformer else {
      throw .unsupported("its \(state.className) holds \(describe(value)), which has no transform")
    }
    return transformer
  }

  func featureUnion(_ state: EstimatorState) throws(BindError) -> BoundEstimator? {
    var weights: [String: Double] = [:]
    if !state.isNone("transformer_weights") {
      for entry in try state.entries("transformer_weights") {
        guard case .string(let name) = entry.key, let weight = state.cell(entry.value)?.double else {
          throw state.malformed("transformer_weights", "a number per name")
        }
        weights[name] = weight
      }
    }
    var parts: [FeatureUnion.Part] = []
    for item in try state.items("transformer_list") {
      guard let pair = state.items(item), pair.count == 2, case .string(let name) = pair[0] else {
        throw state.malformed("transformer_list", "a list of (name, transformer)")
      }
      if case .string("drop") = pair[1] { continue }
      parts.append(FeatureUnion.Part(transformer: try transformer(pair[1], state), weight: weights[name]))
    }
    guard let first = parts.lazy.compactMap(\.transformer).first else {
      if parts.isEmpty { throw .unsupported("its FeatureUnion has no transformer") }
      return nil
    }
    let identity = EstimatorIdentity(className: state.className, featureCount: first.identity.featureCount)
    return BoundEstimator(
      FeatureUnion(identity: identity, featureNames: first.featureNames, parts: parts))
  }
}
