extension EstimatorFamily {
  static let networks: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.neural_network._multilayer_perceptron", "sklearn.neural_network.multilayer_perceptron"],
      ["MLPClassifier", "MLPRegressor"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.network(state)) },
    EstimatorFamily(
      ["sklearn.neural_network._stochastic_optimizers"], parts: ["AdamOptimizer", "SGDOptimizer"]),
  ]
}

extension EstimatorBinder {
  func network(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let identity = try state.identity()
    let names = try state.featureNames(identity)
    let network = try layers(state, identity)
    guard state.className == "MLPClassifier" else {
      return NetworkRegressor(identity: identity, featureNames: names, network: network)
    }
    let binarizer = try state.nested("_label_binarizer")
    let kind = try binarizer.string("y_type_")
    let array = try binarizer.array("classes_")
    let isMultilabel = kind == "multilabel-indicator"
    let classes = try labels(array, state)
    guard isMultilabel || classes.count >= 2 else {
      throw .unsupported("its MLPClassifier has a single class")
    }
    guard network.width == (classes.count == 2 && kind == "binary" ? 1 : classes.count) else {
      throw state.malformed("coefs_", "layers that end in the classes")
    }
    return NetworkClassifier(
      identity: identity, featureNames: names, network: network, classes: classes, isMultilabel: isMultilabel)
  }

  private func layers(
    _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> NeuralNetwork {
    let coefficients = try state.items("coefs_")
    let intercepts = try state.items("intercepts_")
    guard coefficients.count == intercepts.count, !coefficients.isEmpty else {
      throw state.malformed("coefs_", "as many matrices as there are intercepts")
    }
    var layers: [NeuralNetwork.Layer] = []
    var depth = identity.featureCount
    var isSingle = true
    for index in coefficients.indices {
      let matrix = try state.array(in: coefficients[index], "coefs_")
      let added = try state.array(in: intercepts[index], "intercepts_")
      guard matrix.shape.count == 2, matrix.shape[0] == depth, matrix.shape[1] > 0,
        let values = matrix.doubles(), let offsets = added.doubles(), offsets.count == matrix.shape[1]
      else { throw state.malformed("coefs_", "matrices that fit one another") }
      isSingle = isSingle && state.isSingle(matrix) && state.isSingle(added)
      try hold(values.count, 4)
      layers.append(
        NeuralNetwork.Layer(
          weights: FusedMatrix(values, depth: depth, width: matrix.shape[1], keepsSingle: isSingle),
          intercepts: offsets))
      depth = matrix.shape[1]
    }
    guard let hidden = NeuralNetwork.Activation(rawValue: try state.string("activation")),
      let output = NeuralNetwork.Activation(rawValue: try state.string("out_activation_"))
    else {
      throw .unsupported(
        "its \(state.className) has an activation other than identity, logistic, tanh and relu")
    }
    return NeuralNetwork(layers: layers, hidden: hidden, output: output, isSingle: isSingle)
  }
}
