internal import TreeEngine

extension EstimatorFamily {
  static let histogramBoosting = EstimatorFamily(
    [
      "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
      "sklearn.ensemble._hist_gradient_boosting",
    ],
    [
      "HistGradientBoostingClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.histogramClassifier(state))
      },
      "HistGradientBoostingRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.histogramRegressor(state))
      },
    ])
}

extension EstimatorBinder {
  func histogramRegressor(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let ensemble = try histogramEnsemble(state, outputs: 1)
    let hasLogLink = ["poisson", "gamma"].contains(try state.string("loss"))
    return try recoded(
      state,
      TreeRegressor(
        ensemble: ensemble, initial: nil, featureNames: try state.featureNames(ensemble.identity),
        link: hasLogLink ? .exponential : .identity))
  }

  func histogramClassifier(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let classes = try labels(try state.array("classes_"), state)
    let outputs = try state.int("n_trees_per_iteration_")
    guard classes.count >= 2 else { throw .unsupported("its \(state.className) has a single class") }
    guard outputs == (classes.count <= 2 ? 1 : classes.count) else {
      throw state.malformed("n_trees_per_iteration_", "the number of classes")
    }
    let ensemble = try histogramEnsemble(state, outputs: outputs)
    // Until 1.2 labels came from probabilities; since then from the scores themselves.
    let comparesScores = state.version >= SklearnVersion(1, 3)
    let isOldest = state.version < SklearnVersion(1, 1)
    let multiclass: ProbabilityRule = isOldest ? .logSumExp : .softmax(isColumnMajor: true)
    let compared: LabelRule = outputs == 1 ? .positive(orZero: false) : .largestScore
    return try recoded(
      state,
      TreeClassifier(
        ensemble: ensemble, initial: nil, featureNames: try state.featureNames(ensemble.identity),
        classes: classes, classCounts: [classes.count],
        probabilityRule: outputs == 1 ? .logistic(factor: 1) : multiclass,
        labelRule: comparesScores ? compared : .largestProbability, hasDecisionFunction: true))
  }

  // MARK: Trees

  private func histogramEnsemble(
    _ state: EstimatorState, outputs: Int
  ) throws(BindError) -> TreeEnsemble {
    let identity = try state.identity()
    let baseline = try state.doubles("_baseline_prediction")
    guard baseline.count == outputs else {
      throw state.malformed("_baseline_prediction", "one number per output")
    }
    let known = try knownCategories(state, features: identity.featureCount)
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: outputs, rows: .float64, sums: .float64)
    for iteration in try state.list("_predictors") {
      guard let trees = state.items(iteration), trees.count == outputs else {
        throw state.malformed("_predictors", "one tree per output and iteration")
      }
      for (output, value) in trees.enumerated() {
        guard case .object(let object)? = graph.node(value) else {
          throw state.malformed("_predictors", "lists of trees")
        }
        let tree = try EstimatorState(object, binder: self, heldBy: state)
        let (splits, leaves) = try histogramTree(tree, known: known)
        try add(splits, leaves, to: &builder, output: output)
      }
    }
    return TreeEnsemble(
      identity: identity, trees: builder.build(), accepted: .anything, isSingle: false,
      start: baseline.map { 0 + $0 })
  }

  private func histogramTree(
    _ tree: EstimatorState, known: [Int: [UInt32]]
  ) throws(BindError) -> (splits: [TreeSplit], leafValues: [Double]) {
    let nodes = try tree.array("nodes")
    try spend(elements: ReadBudget.product(nodes.count, 8))
    try hold(nodes.count, 256)
    let isLeaf = try integers(nodes, "is_leaf")
    let values = try doubles(nodes, "value")
    let left = try integers(nodes, "left")
    let right = try integers(nodes, "right")
    let features = try integers(nodes, "feature_idx")
    let thresholds = try doubles(nodes, nodes.field("num_threshold") == nil ? "threshold" : "num_threshold")
    let missingGoesLeft = try integers(nodes, "missing_go_to_left")
    let isCategorical = nodes.field("is_categorical") == nil ? [] : try integers(nodes, "is_categorical")
    let bitsetNumbers = isCategorical.isEmpty ? [] : try integers(nodes, "bitset_idx")
    let bitsets = try bitsets(tree)
    var numbers: [Int] = []
    var leafValues: [Double] = []
    for node in 0..<nodes.count {
      if isLeaf[node] != 0 {
        numbers.append(~leafValues.count)
        leafValues.append(values[node])
      } else {
        numbers.append(node - leafValues.count)
      }
    }
    guard !numbers.isEmpty, numbers[0] == 0 || leafValues.count == 1 else { throw TreeArrays.malformed }
    var splits: [TreeSplit] = []
    for node in 0..<nodes.count where isLeaf[node] == 0 {
      guard let first = Int(exactly: left[node]), let second = Int(exactly: right[node]), first > node,
        second > node, first < nodes.count, second < nodes.count, first != second,
        let feature = Int(exactly: features[node])
      else { throw TreeArrays.malformed }
      var test = TreeSplit.Test.lessOrEqual(thresholds[node])
      if !isCategorical.isEmpty, isCategorical[node] != 0 {
        guard let index = Int(exactly: bitsetNumbers[node]), bitsets.indices.contains(index),
          let others = known[feature]
        else { throw tree.malformed("raw_left_cat_bitsets", "the categories of every categorical split") }
        test = .categories(CategoryTest(members: bitsets[index], membersGoLeft: true, others: others))
      }
      splits.append(
        TreeSplit(
          feature: feature, test: test, missing: missingGoesLeft[node] != 0 ? .left : .right,
          left: numbers[first], right: numbers[second]))
    }
    return (splits, leafValues)
  }

  /// `raw_left_cat_bitsets`: eight words per categorical split.
  private func bitsets(_ tree: EstimatorState) throws(BindError) -> [[UInt32]] {
    guard tree.has("raw_left_cat_bitsets") else { return [] }
    let array = try tree.array("raw_left_cat_bitsets")
    try spend(elements: array.count)
    try hold(array.count, 16)
    guard array.count.isMultiple(of: 8), let words = array.unsignedIntegers() else {
      throw tree.malformed("raw_left_cat_bitsets", "eight words per split")
    }
    return stride(from: 0, to: words.count, by: 8).map { start in
      words[start..<(start + 8)].map { UInt32(truncatingIfNeeded: $0) }
    }
  }

  /// The categories that were seen, as bits, by feature.
  private func knownCategories(
    _ state: EstimatorState, features: Int
  ) throws(BindError) -> [Int: [UInt32]] {
    let mapper = try part("_bin_mapper", of: state)
    guard mapper.has("is_categorical_") else { return [:] }
    let flags = try mapper.integers("is_categorical_")
    let thresholds = try mapper.list("bin_thresholds_")
    guard flags.count == features, thresholds.count == features else {
      throw state.malformed("_bin_mapper", "a mapper of \(features) features")
    }
    var known: [Int: [UInt32]] = [:]
    for feature in 0..<features where flags[feature] != 0 {
      guard case .array(let array)? = graph.node(thresholds[feature]), let values = array.doubles() else {
        throw state.malformed("_bin_mapper", "a mapper with the categories of each feature")
      }
      try spend(elements: array.count)
      var bits = [UInt32](repeating: 0, count: 8)
      for value in values {
        guard let category = Int(exactly: value), (0...255).contains(category) else { continue }
        bits[category >> 5] |= 1 << UInt32(category & 31)
      }
      known[feature] = bits
    }
    return known
  }

  // MARK: Columns

  /// Since 1.4 categorical columns are encoded and moved to the front before the trees see them.
  private func recoded(
    _ state: EstimatorState, _ inner: any Predictor
  ) throws(BindError) -> any FittedEstimator {
    guard state.has("_preprocessor"), !state.isNone("_preprocessor") else { return inner }
    let features = inner.identity.featureCount
    let flags = try state.integers("is_categorical_")
    guard flags.count == features else { throw state.malformed("is_categorical_", "one flag per feature") }
    let encoder = try categoryEncoder(try part("_preprocessor", of: state))
    let lists = try encoder.list("categories_")
    let categorical = flags.indices.filter { flags[$0] != 0 }
    guard lists.count == categorical.count else {
      throw encoder.malformed("categories_", "one list per categorical feature")
    }
    var columns: [HistogramColumn] = []
    for (index, source) in categorical.enumerated() {
      guard case .array(let array)? = graph.node(lists[index]) else {
        throw encoder.malformed("categories_", "lists of categories")
      }
      columns.append(.categories(source: source, try categoryCodes(array, encoder)))
    }
    columns += flags.indices.filter { flags[$0] == 0 }.map { .number(source: $0) }
    return RecodedPredictor(
      identity: EstimatorIdentity(className: "ColumnTransformer", featureCount: features), columns: columns,
      inner: inner)
  }

  /// The `OrdinalEncoder` among `transformers_`.
  private func categoryEncoder(_ preprocessor: EstimatorState) throws(BindError) -> EstimatorState {
    for entry in try preprocessor.list("transformers_") {
      guard let parts = preprocessor.items(entry), parts.count >= 2,
        case .object(let object)? = graph.node(parts[1]), object.global.name == "OrdinalEncoder"
      else { continue }
      return try EstimatorState(object, binder: self, heldBy: preprocessor)
    }
    throw preprocessor.malformed("transformers_", "a list with an OrdinalEncoder")
  }

  private func categoryCodes(
    _ array: NumpyArray, _ encoder: EstimatorState
  ) throws(BindError) -> CategoryCodes {
    try spend(elements: array.count)
    try hold(array.count, array.textBytes + 64)
    if let numbers = array.doubles() { return CategoryCodes(numbers: numbers) }
    if let texts = array.strings() { return CategoryCodes(texts: texts) }
    guard case .objects(let values) = array.storage else {
      throw encoder.malformed("categories_", "lists of numbers or texts")
    }
    var codes = CategoryCodes()
    for (code, value) in values.enumerated() {
      switch value {
      case .string(let text): codes.texts[text] = Double(code)
      case .integer(let number): codes.numbers[Double(number)] = Double(code)
      case .bool(let flag): codes.numbers[flag ? 1 : 0] = Double(code)
      case .float(let number): if !number.isNaN { codes.numbers[number] = Double(code) }
      case .none: break
      default: throw encoder.malformed("categories_", "lists of numbers or texts")
      }
    }
    return codes
  }
}
