internal import InferenceProtocol

extension EstimatorFamily {
  static let dummies = EstimatorFamily(
    ["sklearn.dummy"],
    [
      "DummyClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.dummyClassifier(state))
      },
      "DummyRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.dummyRegressor(state))
      },
    ])
}

extension EstimatorBinder {
  /// Dummies do not look at rows, so files may say nothing of their features.
  private func dummyIdentity(_ state: EstimatorState) throws(BindError) -> EstimatorIdentity {
    if state.isNone("n_features_in_") {
      return EstimatorIdentity(className: state.className, featureCount: -1)
    }
    return try state.identity()
  }

  func dummyRegressor(_ state: EstimatorState) throws(BindError) -> DummyRegressor {
    let identity = try dummyIdentity(state)
    let constants = try state.array("constant_")
    try spend(elements: constants.count)
    let values: TensorValues?
    switch (constants.dtype.kind, constants.dtype.itemSize) {
    case (.signed, 8): values = constants.integers().map { .int64($0) }
    case (.float, 4): values = constants.doubles().map { .float32($0.map { Float($0) }) }
    default: values = constants.doubles().map { .float64($0) }
    }
    guard let values, constants.count > 0 else { throw state.malformed("constant_", "an array of numbers") }
    return DummyRegressor(
      identity: identity, featureNames: try state.featureNames(identity), constants: values)
  }

  func dummyClassifier(_ state: EstimatorState) throws(BindError) -> DummyClassifier {
    let identity = try dummyIdentity(state)
    let labels = try outputLabels(state)
    guard let classes = ClassLabels.concatenate(labels) else {
      throw .unsupported("the outputs of its DummyClassifier have labels of different types")
    }
    let strategy = try state.string(state.has("_strategy") ? "_strategy" : "strategy")
    var probabilities: [[Double]] = []
    var answers: [Int] = []
    var start = 0
    for (output, labels) in labels.enumerated() {
      let prior = try classPrior(state, output: output, of: labels.count)
      let largest = prior.withUnsafeBufferPointer { NumpySums.argmax($0) }
      func single(_ index: Int) -> [Double] { (0..<labels.count).map { $0 == index ? 1 : 0 } }
      switch strategy {
      case "prior":
        probabilities.append(prior)
        answers.append(start + largest)
      case "most_frequent":
        probabilities.append(single(largest))
        answers.append(start + largest)
      case "constant":
        let index = try constantIndex(state, labels, output: output)
        probabilities.append(single(index))
        answers.append(start + index)
      default:
        throw .unsupported(
          "its DummyClassifier draws its answers (strategy='\(String(quoting: strategy, limit: 40))'); "
            + "prior, most_frequent and constant can be served")
      }
      start += labels.count
    }
    return DummyClassifier(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      probabilities: probabilities, labels: answers, hasLabels: true)
  }

  /// `class_prior_`: one array, or a list of them for several outputs.
  private func classPrior(_ state: EstimatorState, output: Int, of count: Int) throws(BindError) -> [Double] {
    var array: NumpyArray?
    let value = try state.value("class_prior_")
    switch graph.node(value) {
    case .array(let single)?: array = single
    case .list(let items)?, .tuple(let items)?:
      guard output < items.count else { break }
      if case .array(let item)? = graph.node(items[output]) { array = item }
    default: break
    }
    guard let array, array.count == count, let numbers = array.doubles() else {
      throw state.malformed("class_prior_", "one probability per class")
    }
    try spend(elements: count)
    return numbers
  }

  private func constantIndex(
    _ state: EstimatorState, _ labels: ClassLabels, output: Int
  ) throws(BindError) -> Int {
    let index: Int?
    switch try state.value("constant") {
    case .integer(let number): index = labels.index(ofNumber: Double(number))
    case .bool(let flag): index = labels.index(ofNumber: flag ? 1 : 0)
    case .float(let number): index = labels.index(ofNumber: number)
    case .string(let text): index = labels.index(ofText: text)
    default:
      guard let items = state.items(try state.value("constant")), output < items.count else {
        // An array of numbers.
        let numbers = try state.doubles("constant")
        index = output < numbers.count ? labels.index(ofNumber: numbers[output]) : nil
        break
      }
      switch items[output] {
      case .integer(let number): index = labels.index(ofNumber: Double(number))
      case .float(let number): index = labels.index(ofNumber: number)
      case .string(let text): index = labels.index(ofText: text)
      default: index = nil
      }
    }
    guard let index else { throw state.malformed("constant", "one of the classes") }
    return index
  }
}
