extension EstimatorFamily {
  static let encoders: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.preprocessing._encoders"],
      [
        "OneHotEncoder": { binder, state throws(BindError) in BoundEstimator(try binder.oneHotEncoder(state))
        },
        "OrdinalEncoder": { binder, state throws(BindError) in
          BoundEstimator(try binder.ordinalEncoder(state))
        },
      ]),
    EstimatorFamily(
      ["sklearn.preprocessing._target_encoder"],
      [
        "TargetEncoder": { binder, state throws(BindError) in BoundEstimator(try binder.targetEncoder(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.preprocessing._label", "sklearn.preprocessing.label"],
      parts: ["LabelEncoder", "LabelBinarizer"]),
  ]
}

extension EstimatorBinder {
  func oneHotEncoder(_ state: EstimatorState) throws(BindError) -> OneHotEncoder {
    let identity = try state.identity()
    let unknown: CategoryColumns.Unknown =
      switch try state.string("handle_unknown") {
      case "error": .error
      case "ignore": .ignore
      default: .infrequent
      }
    let categories = try categoryColumns(state, identity, unknown: unknown)
    let dropped = try droppedCategories(state, categories)
    var starts = [0]
    for (column, drop) in zip(categories.columns, dropped) {
      let count =
        column.mapping.map { max(($0.max() ?? -1) + 1, $0.count < column.count ? column.count : 0) }
        ?? column.count
      guard drop.map({ (0..<count).contains($0) }) ?? true else {
        throw state.malformed("drop_idx_", "one category per feature")
      }
      starts.append((starts.last ?? 0) + count - (drop == nil ? 0 : 1))
    }
    let isSparse = try state.bool(state.has("sparse_output") ? "sparse_output" : "sparse")
    return OneHotEncoder(
      identity: identity, featureNames: try state.featureNames(identity), categories: categories,
      dropped: dropped, starts: starts, isSparse: isSparse, type: try state.encoderType())
  }

  private func droppedCategories(
    _ state: EstimatorState, _ categories: CategoryColumns
  ) throws(BindError) -> [Int?] {
    let name = state.has("_drop_idx_after_grouping") ? "_drop_idx_after_grouping" : "drop_idx_"
    guard !state.isNone(name) else { return categories.columns.map { _ in nil } }
    var dropped: [Int?] = []
    for item in try state.items(name) {
      switch item {
      case .none: dropped.append(nil)
      case .integer(let number): dropped.append(Int(exactly: number))
      default: throw state.malformed(name, "one category per feature")
      }
    }
    guard dropped.count == categories.columns.count else {
      throw state.malformed(name, "one category per feature")
    }
    return dropped
  }

  func categoryColumns(
    _ state: EstimatorState, _ identity: EstimatorIdentity, unknown: CategoryColumns.Unknown
  ) throws(BindError) -> CategoryColumns {
    let lists = try state.cellLists("categories_", count: identity.featureCount)
    let groups = try infrequentGroups(state, lists)
    var columns: [CategoryColumns.Column] = []
    for (index, cells) in lists.enumerated() {
      guard !cells.isEmpty else { throw state.malformed("categories_", "categories per feature") }
      try hold(cells.count, 96)
      columns.append(
        CategoryColumns.Column(cells, mapping: groups[index].mapping, infrequent: groups[index].first))
    }
    return CategoryColumns(columns: columns, unknown: unknown)
  }

  private func infrequentGroups(
    _ state: EstimatorState, _ lists: [[TableCell]]
  ) throws(BindError) -> [(mapping: [Int]?, first: Int?)] {
    guard try state.flag("_infrequent_enabled", default: false) else { return lists.map { _ in (nil, nil) } }
    let mappings = try state.items("_default_to_infrequent_mappings")
    let indices = try state.items("_infrequent_indices")
    guard mappings.count == lists.count, indices.count == lists.count else {
      throw state.malformed("_infrequent_indices", "one array per feature")
    }
    var groups: [(mapping: [Int]?, first: Int?)] = []
    for (index, cells) in lists.enumerated() {
      let mapping = try codes(mappings[index], state, "_default_to_infrequent_mappings")
      let rare = try codes(indices[index], state, "_infrequent_indices")
      guard
        mapping.map({
          [0, 1].contains(cells.count - $0.count) && $0.allSatisfy { (0..<cells.count).contains($0) }
        }) ?? true,
        rare.map({ $0.allSatisfy { (0..<cells.count).contains($0) } }) ?? true
      else { throw state.malformed("_default_to_infrequent_mappings", "a number per category") }
      groups.append((mapping, rare?.first))
    }
    return groups
  }

  private func codes(
    _ value: PickleValue, _ state: EstimatorState, _ name: String
  ) throws(BindError) -> [Int]? {
    if case .none = value { return nil }
    guard let numbers = try state.array(in: value, name).integers() else {
      throw state.malformed(name, "arrays of integers")
    }
    return numbers.map { Int($0) }
  }

  func ordinalEncoder(_ state: EstimatorState) throws(BindError) -> OrdinalEncoder {
    let identity = try state.identity()
    let isError = try state.string("handle_unknown") == "error"
    var missing: [Int: Int] = [:]
    if state.has("_missing_indices") {
      for entry in try state.entries("_missing_indices") {
        guard case .integer(let column) = entry.key, case .integer(let code) = entry.value else {
          throw state.malformed("_missing_indices", "columns and categories")
        }
        missing[Int(clamping: column)] = Int(clamping: code)
      }
    }
    let unknownValue = state.isNone("unknown_value") ? nil : try state.double("unknown_value")
    return OrdinalEncoder(
      identity: identity, featureNames: try state.featureNames(identity),
      categories: try categoryColumns(state, identity, unknown: isError ? .error : .ignore),
      missing: missing,
      missingValue: state.isNone("encoded_missing_value") ? .nan : try state.double("encoded_missing_value"),
      unknownValue: unknownValue, type: try state.encoderType())
  }

  func targetEncoder(_ state: EstimatorState) throws(BindError) -> TargetEncoder {
    let identity = try state.identity()
    let categories = try categoryColumns(state, identity, unknown: .ignore)
    let isMulticlass = try state.string("target_type_") == "multiclass"
    let means = isMulticlass ? try state.doubles("target_mean_") : [try state.double("target_mean_")]
    let items = try state.items("encodings_")
    guard !means.isEmpty, items.count == means.count * identity.featureCount else {
      throw state.malformed("encodings_", "one array per feature and class")
    }
    var encodings: [[Double]] = []
    for (index, item) in items.enumerated() {
      guard let numbers = try state.array(in: item, "encodings_").doubles(),
        numbers.count == categories.columns[index / means.count].count
      else { throw state.malformed("encodings_", "a number per category") }
      encodings.append(numbers)
    }
    return TargetEncoder(
      identity: identity, featureNames: try state.featureNames(identity), categories: categories,
      encodings: encodings, means: means, targets: means.count)
  }
}
