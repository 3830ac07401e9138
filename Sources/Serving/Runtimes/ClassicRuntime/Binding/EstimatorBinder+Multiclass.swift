extension EstimatorFamily {
  static let multiclass = EstimatorFamily(
    ["sklearn.multiclass"],
    [
      "OneVsRestClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.oneVsRest(state))
      },
      "OneVsOneClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.oneVsOne(state))
      },
      "OutputCodeClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.outputCode(state))
      },
      "_ConstantPredictor": { binder, state throws(BindError) in
        BoundEstimator(try binder.constantClass(state))
      },
    ])

  static let calibration = EstimatorFamily(
    ["sklearn.calibration"],
    [
      "CalibratedClassifierCV": { binder, state throws(BindError) in
        BoundEstimator(try binder.calibratedClassifier(state))
      }
    ])
}

extension EstimatorBinder {
  func constantClass(_ state: EstimatorState) throws(BindError) -> ConstantClassPredictor {
    let values = try state.doubles("y_")
    guard values.count == 1 else { throw .unsupported("its one-vs-rest classifier has a constant output") }
    return ConstantClassPredictor(
      identity: EstimatorIdentity(className: state.className, featureCount: -1), value: values[0])
  }

  func oneVsRest(_ state: EstimatorState) throws(BindError) -> OneVsRestClassifier {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    let binarizer = try part("label_binarizer_", of: state)
    let target: OneVsRestClassifier.Target
    switch try binarizer.string("y_type_") {
    case "multiclass": target = .multiclass
    case "binary": target = .binary
    case "multilabel-indicator": target = .multilabel
    default: throw binarizer.malformed("y_type_", "a type of targets")
    }
    let classes = try labels(try binarizer.array("classes_"), binarizer)
    guard members.count == (target == .binary ? 1 : classes.count), target != .binary || classes.count == 2
    else { throw state.malformed("estimators_", "one estimator per class") }
    return OneVsRestClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      classes: classes, target: target, prefersFirst: state.version >= SklearnVersion(1, 9),
      keepsZeroSums: state.version >= SklearnVersion(1, 9))
  }

  func oneVsOne(_ state: EstimatorState) throws(BindError) -> OneVsOneClassifier {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    let classes = try labels(try state.array("classes_"), state)
    let (product, overflow) = classes.count.multipliedReportingOverflow(by: classes.count - 1)
    guard !overflow, members.count == product / 2 else {
      throw state.malformed("estimators_", "one estimator per pair of classes")
    }
    guard state.isNone("pairwise_indices_") else {
      throw .unsupported("its OneVsOneClassifier holds estimators over precomputed kernels")
    }
    return OneVsOneClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      classes: classes)
  }

  func outputCode(_ state: EstimatorState) throws(BindError) -> OutputCodeClassifier {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    let classes = try labels(try state.array("classes_"), state)
    let codes = try state.array("code_book_")
    guard codes.shape == [classes.count, members.count] else {
      throw state.malformed("code_book_", "one code per class")
    }
    return OutputCodeClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      classes: classes, codes: try state.doubles("code_book_"))
  }

  // MARK: Calibration

  func calibratedClassifier(_ state: EstimatorState) throws(BindError) -> CalibratedClassifier {
    let classes = try labels(try state.array("classes_"), state)
    var calibrated: [CalibratedMember] = []
    for value in try state.items("calibrated_classifiers_") {
      guard case .object(let object)? = graph.node(value) else {
        throw state.malformed("calibrated_classifiers_", "a list of calibrated classifiers")
      }
      calibrated.append(
        try calibratedMember(try EstimatorState(object, binder: self, heldBy: state), classes))
    }
    guard !calibrated.isEmpty else {
      throw state.malformed("calibrated_classifiers_", "a list of calibrated classifiers")
    }
    let members = calibrated.map(\.predictor)
    let identity = try identity(state, members)
    return CalibratedClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), calibrated: calibrated,
      classes: classes)
  }

  private func calibratedMember(
    _ state: EstimatorState, _ classes: ClassLabels
  ) throws(BindError) -> CalibratedMember {
    let attribute = state.has("estimator") ? "estimator" : "base_estimator"
    let predictor = try predictor(try state.value(attribute), of: state)
    guard predictor.decisionOutputs != nil || predictor.probabilityOutputs != nil,
      let own = predictor.classLabels
    else {
      throw .unsupported("it calibrates \(predictor.identity.className), which scores no classes")
    }
    var calibrators: [Calibrator] = []
    for value in try state.items("calibrators") {
      guard case .object(let object)? = graph.node(value) else {
        throw state.malformed("calibrators", "a list of calibrators")
      }
      let part = try EstimatorState(object, binder: self, heldBy: state)
      if part.className == "_TemperatureScaling" {
        // Whether scores are taken for probabilities depends on all rows of a call.
        isBatchable = false
        return CalibratedMember(
          predictor: predictor, calibration: .temperature(try part.double("beta_")), classes: classes.count)
      }
      calibrators.append(try calibrator(part))
    }
    let places = classes.indices(of: own.values)
    guard !calibrators.isEmpty, !places.contains(-1) else {
      throw state.malformed("calibrators", "one calibrator per class")
    }
    return CalibratedMember(
      predictor: predictor, calibration: .perClass(calibrators, places: places), classes: classes.count)
  }

  private func calibrator(_ state: EstimatorState) throws(BindError) -> Calibrator {
    switch state.className {
    case "_SigmoidCalibration":
      return .sigmoid(slope: try state.double("a_"), offset: try state.double("b_"))
    case "IsotonicRegression":
      let thresholds = try state.doubles("X_thresholds_")
      let values = try state.doubles("y_thresholds_")
      guard thresholds.count == values.count, !values.isEmpty,
        zip(thresholds, thresholds.dropFirst()).allSatisfy({ $0 <= $1 })
      else { throw state.malformed("X_thresholds_", "ascending numbers, as many as y_thresholds_") }
      return .isotonic(
        IsotonicSteps(
          thresholds: thresholds, values: values, least: try state.double("X_min_"),
          most: try state.double("X_max_")))
    default: throw .unsupported("it calibrates with a \(state.className)")
    }
  }
}
