extension EstimatorFamily {
  static let voting = EstimatorFamily(
    ["sklearn.ensemble._voting", "sklearn.ensemble.voting"],
    [
      "VotingClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.votingClassifier(state))
      },
      "VotingRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.votingRegressor(state))
      },
    ])

  static let stacking = EstimatorFamily(
    ["sklearn.ensemble._stacking"],
    [
      "StackingClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.stacking(state, isForClasses: true))
      },
      "StackingRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.stacking(state, isForClasses: false))
      },
    ])

  static let multiOutput = EstimatorFamily(
    ["sklearn.multioutput"],
    [
      "MultiOutputClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.multiOutput(state, isForClasses: true))
      },
      "MultiOutputRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.multiOutput(state, isForClasses: false))
      },
      "ClassifierChain": { binder, state throws(BindError) in
        BoundEstimator(try binder.estimatorChain(state, isForClasses: true))
      },
      "RegressorChain": { binder, state throws(BindError) in
        BoundEstimator(try binder.estimatorChain(state, isForClasses: false))
      },
    ])
}

extension EstimatorBinder {
  // MARK: What meta-estimators have in common

  /// The predictors in a list attribute.
  func predictors(_ name: String, of state: EstimatorState) throws(BindError) -> [any Predictor] {
    var predictors: [any Predictor] = []
    for value in try state.items(name) { predictors.append(try predictor(value, of: state)) }
    guard !predictors.isEmpty else { throw state.malformed(name, "a list of estimators") }
    return predictors
  }

  /// Older files say nothing of their features; then the first member's count.
  func identity(_ state: EstimatorState, _ members: [any Predictor]) throws(BindError) -> EstimatorIdentity {
    if !state.isNone("n_features_in_") { return try state.identity() }
    let count = members.map(\.identity.featureCount).first { $0 > 0 } ?? -1
    return EstimatorIdentity(className: state.className, featureCount: count)
  }

  func featureNames(
    _ state: EstimatorState, _ identity: EstimatorIdentity, _ members: [any Predictor]
  ) throws(BindError) -> [String]? {
    if let names = try state.featureNames(identity) { return names }
    let names = members.first?.featureNames
    return names?.count == identity.featureCount ? names : nil
  }

  // MARK: Voting

  private func weights(_ state: EstimatorState, members: Int) throws(BindError) -> [Double]? {
    guard !state.isNone("weights") else { return nil }
    var weights: [Double] = []
    if case .array? = graph.node(try state.value("weights")) {
      weights = try state.doubles("weights")
    } else {
      for value in try state.items("weights") {
        switch value {
        case .integer(let number): weights.append(Double(number))
        case .float(let number): weights.append(number)
        default: throw state.malformed("weights", "a list of numbers")
        }
      }
    }
    // Estimators that were dropped keep their weights in the list.
    var used: [Double] = []
    for (index, entry) in try state.items("estimators").enumerated() {
      guard let parts = state.items(entry), parts.count == 2, index < weights.count else { continue }
      if case .string("drop") = parts[1] { continue }
      used.append(weights[index])
    }
    guard used.count == members else { throw state.malformed("weights", "one number per estimator") }
    return used
  }

  func votingClassifier(_ state: EstimatorState) throws(BindError) -> VotingClassifier {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    let isSoft = try state.string("voting") == "soft"
    if isSoft, let member = members.first(where: { $0.probabilityOutputs == nil }) {
      throw .unsupported(
        "its VotingClassifier holds \(member.identity.className), which has no predict_proba")
    }
    return VotingClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      weights: try weights(state, members: members.count), isSoft: isSoft,
      flattensTransform: try state.flag("flatten_transform", default: true),
      classes: try labels(try state.array("classes_"), state))
  }

  func votingRegressor(_ state: EstimatorState) throws(BindError) -> VotingRegressor {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    return VotingRegressor(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      weights: try weights(state, members: members.count))
  }

  // MARK: Stacking

  func stacking(_ state: EstimatorState, isForClasses: Bool) throws(BindError) -> StackingEstimator {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    var methods: [StackingEstimator.Method] = []
    for value in try state.items("stack_method_") {
      switch value {
      case .string("predict"): methods.append(.predict)
      case .string("predict_proba"): methods.append(.probabilities)
      case .string("decision_function"): methods.append(.decision)
      default: throw state.malformed("stack_method_", "a list of functions' names")
      }
    }
    guard methods.count == members.count else {
      throw state.malformed("stack_method_", "one function per estimator")
    }
    var classes: ClassLabels?
    if isForClasses {
      guard case .array(let array)? = graph.node(try state.value("classes_")) else {
        throw .unsupported("its StackingClassifier has several outputs")
      }
      classes = try labels(array, state)
    }
    return StackingEstimator(
      identity: identity, featureNames: try featureNames(state, identity, members), first: members,
      methods: methods, last: try predictor(try state.value("final_estimator_"), of: state),
      passesThrough: try state.bool("passthrough"), classes: classes)
  }

  // MARK: Several outputs

  func multiOutput(_ state: EstimatorState, isForClasses: Bool) throws(BindError) -> MultiOutputEstimator {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    return MultiOutputEstimator(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      isForClasses: isForClasses)
  }

  func estimatorChain(_ state: EstimatorState, isForClasses: Bool) throws(BindError) -> EstimatorChain {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    let order: [Int]
    if case .array? = graph.node(try state.value("order_")) {
      order = try state.integers("order_")
    } else {
      order = try state.items("order_").compactMap { value in
        if case .integer(let number) = value { return Int(exactly: number) }
        return nil
      }
    }
    guard order.sorted() == Array(0..<members.count) else {
      throw state.malformed("order_", "an order of the outputs")
    }
    let handedOn: EstimatorChain.Response
    switch try state.text("chain_method_", default: "predict") {
    case "predict_proba": handedOn = .probabilities
    case "decision_function": handedOn = .decision
    default: handedOn = .predict
    }
    return EstimatorChain(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      order: order, handedOn: isForClasses ? handedOn : .predict, isForClasses: isForClasses)
  }
}
