internal import CShims
internal import XML

/// `NeuralNetwork`: layers of neurons.
struct NeuralNetwork: ModelCore {
  struct Neuron: Sendable {
    let bias: Double
    let connections: [(source: Int, weight: Double)]
    let width: Double
    let altitude: Double
  }

  struct Layer: Sendable {
    let neurons: [Neuron]
    let activation: Activation
    let threshold: Double
    let normalization: LinkFunction
  }

  enum Activation: String, Sendable {
    case threshold, logistic, tanh, identity, exponential, reciprocal, square
    case gauss = "Gauss"
    case sine, cosine
    case elliott = "Elliott"
    case arctan, rectifier, radialBasis
  }

  enum Output: Sendable {
    case number(neuron: Int, LinearNorm?)
    case category(neuron: Int, FieldValue)
  }

  let inputs: [PMMLExpression]
  let layers: [Layer]
  let outputs: [Output]
  let function: MiningFunction

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var values: [Double] = []
    for input in inputs {
      guard let value = try input.evaluate(record).number else { return ModelResult() }
      values.append(value)
    }
    for layer in layers { values += layer.outputs(values) }
    var result = ModelResult()
    for output in outputs {
      switch output {
      case .number(let neuron, let norm):
        result.value = .number(norm.map { $0.invert(values[neuron]) } ?? values[neuron])
      case .category(let neuron, let category): result.probabilities.append((category, values[neuron]))
      }
    }
    if function == .classification {
      // One neuron stands for the first of two categories.
      if result.probabilities.count == 2, case .category(let one, _) = outputs[0],
        case .category(let other, _) = outputs[1], one == other
      {
        result.probabilities[1].probability = 1 - result.probabilities[0].probability
      }
      result.value = ModelResult.winner(result.probabilities)
    }
    return result
  }
}

extension NeuralNetwork.Layer {
  func outputs(_ values: [Double]) -> [Double] {
    let raw = neurons.map { neuron -> Double in
      if activation == .radialBasis { return radial(neuron, values) }
      var sum = 0.0
      for (source, weight) in neuron.connections { sum += weight * values[source] }
      return activation.apply(sum + neuron.bias, threshold: threshold)
    }
    switch normalization {
    case .softmax, .simplemax: return normalization.probabilities(raw)
    default: return raw
    }
  }

  private func radial(_ neuron: NeuralNetwork.Neuron, _ values: [Double]) -> Double {
    var distance = 0.0
    for (source, weight) in neuron.connections {
      distance += (values[source] - weight) * (values[source] - weight)
    }
    let fan = Double(neuron.connections.count)
    return apus_exp(fan * apus_log(neuron.altitude) - distance / (2 * neuron.width * neuron.width))
  }
}

extension NeuralNetwork.Activation {
  func apply(_ value: Double, threshold: Double) -> Double {
    switch self {
    case .threshold: value > threshold ? 1 : 0
    case .logistic: 1 / (1 + apus_exp(-value))
    case .tanh: apus_tanh(value)
    case .identity, .radialBasis: value
    case .exponential: apus_exp(value)
    case .reciprocal: 1 / value
    case .square: value * value
    case .gauss: apus_exp(-(value * value))
    case .sine: apus_sin(value)
    case .cosine: apus_cos(value)
    case .elliott: value / (1 + value.magnitude)
    case .arctan: 2 * apus_atan(value) / Double.pi
    case .rectifier: max(0, value)
    }
  }
}

extension NeuralNetwork {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    function = context.function
    guard let inputList = element.first("NeuralInputs") else { throw .missing("NeuralInputs", in: element) }
    var positions: [String: Int] = [:]
    var inputs: [PMMLExpression] = []
    for input in inputList.all("NeuralInput") {
      guard let derived = input.first("DerivedField") else { throw .missing("DerivedField", in: input) }
      positions[try input.required("id")] = inputs.count
      inputs.append(
        try context.reader.expressions.read(childOf: derived, type: .double, context.scope))
    }
    self.inputs = inputs
    var count = inputs.count
    var layers: [Layer] = []
    for layer in element.all("NeuralLayer") {
      layers.append(try Self.layer(layer, element, &positions, first: count))
      count += layers.last?.neurons.count ?? 0
    }
    self.layers = layers
    guard let outputList = element.first("NeuralOutputs") else {
      throw .missing("NeuralOutputs", in: element)
    }
    var outputs: [Output] = []
    for output in outputList.all("NeuralOutput") {
      guard let neuron = positions[try output.required("outputNeuron")] else {
        throw PMMLError(.corrupt, "a NeuralOutput names a neuron that there is not")
      }
      outputs.append(try Self.output(output, neuron: neuron, context))
    }
    guard !outputs.isEmpty else { throw .missing("NeuralOutput", in: outputList) }
    self.outputs = outputs
  }

  private static func output(
    _ element: XMLElement, neuron: Int, _ context: ModelContext
  ) throws(PMMLError) -> Output {
    guard let derived = element.first("DerivedField") else { throw .missing("DerivedField", in: element) }
    if let discrete = derived.first("NormDiscrete") {
      return .category(neuron: neuron, context.category(try discrete.required("value")))
    }
    if let continuous = derived.first("NormContinuous") {
      return .number(neuron: neuron, try LinearNorm(continuous))
    }
    guard derived.first("FieldRef") != nil else {
      throw .unsupported("a NeuralOutput of another kind than FieldRef, NormContinuous and NormDiscrete")
    }
    return .number(neuron: neuron, nil)
  }

  /// A layer's setting, else the network's.
  private static func number(
    _ name: String, _ layer: XMLElement, _ network: XMLElement, _ fallback: Double
  ) throws(PMMLError) -> Double {
    if let own = try layer.number(name) { return own }
    return try network.number(name) ?? fallback
  }

  private static func layer(
    _ element: XMLElement, _ network: XMLElement, _ positions: inout [String: Int], first: Int
  ) throws(PMMLError) -> Layer {
    let name = element["activationFunction"] ?? network["activationFunction"] ?? ""
    guard let activation = Activation(rawValue: name) else {
      throw .unsupported("the activationFunction '\(name.prefix(40))'")
    }
    let normName = element["normalizationMethod"] ?? network["normalizationMethod"] ?? "none"
    guard let normalization = LinkFunction(rawValue: normName) else {
      throw .unsupported("the normalizationMethod '\(normName.prefix(40))'")
    }
    let width = try Self.number("width", element, network, 1)
    let altitude = try Self.number("altitude", element, network, 1)
    var neurons: [Neuron] = []
    var names: [(String, Int)] = []
    for neuron in element.all("Neuron") {
      var connections: [(source: Int, weight: Double)] = []
      for connection in neuron.all("Con") {
        guard let source = positions[try connection.required("from")] else {
          throw PMMLError(.corrupt, "a Neuron is connected with one that there is not before it")
        }
        connections.append((source, try connection.requiredNumber("weight")))
      }
      names.append((try neuron.required("id"), first + neurons.count))
      neurons.append(
        Neuron(
          bias: try neuron.number("bias") ?? 0, connections: connections,
          width: try neuron.number("width") ?? width, altitude: try neuron.number("altitude") ?? altitude))
    }
    // Neurons of one layer do not see each other.
    for (id, position) in names { positions[id] = position }
    return Layer(
      neurons: neurons, activation: activation,
      threshold: try Self.number("threshold", element, network, 0),
      normalization: normalization)
  }
}
