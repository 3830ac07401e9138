internal import InferenceProtocol
internal import ModelRuntime

/// One input as it goes into a run: checked against the model.
struct BoundInput {
  /// Among the inputs, then the initializers.
  var number: Int
  var name: String
  var datatype: DataType
  var shape: [Int]
  /// Of `datatype`, in array or binary form.
  var values: TensorValues
}

/// Matches a request's tensors with a model's inputs: names, types, shapes.
struct InputBinder: Sendable {
  private let inputs: [ONNXPlace]
  private let places: [ONNXPlace]
  private let numbers: [String: Int]

  init(inputs: [ONNXPlace], initializers: [ONNXPlace]) {
    self.inputs = inputs
    places = inputs + initializers
    numbers = Dictionary(places.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func bind(_ request: PredictRequest) throws(PredictError) -> [BoundInput] {
    var bound: [BoundInput] = []
    bound.reserveCapacity(request.inputs.count)
    for tensor in request.inputs {
      let isInferred = request.hasInferredTypes || isProtocolName(tensor, of: request)
      let number = try number(of: tensor, request)
      if bound.contains(where: { $0.number == number }) {
        throw .invalidInput("input '\(places[number].name)' is given twice")
      }
      bound.append(try bind(tensor, number, isInferred: isInferred))
    }
    for (number, input) in inputs.enumerated() where !bound.contains(where: { $0.number == number }) {
      throw .invalidInput(
        "input '\(input.name)' is missing: the model needs \(Self.described(inputs))")
    }
    return bound
  }

  /// What V1 calls its one tensor, where no input of the model has that name.
  private func isProtocolName(_ tensor: Tensor, of request: PredictRequest) -> Bool {
    request.inputs.count == 1 && tensor.name == "instances" && numbers[tensor.name] == nil
  }

  private func number(of tensor: Tensor, _ request: PredictRequest) throws(PredictError) -> Int {
    if let number = numbers[tensor.name] { return number }
    if inputs.count == 1, request.inputs.count == 1,
      request.hasInferredTypes || isProtocolName(tensor, of: request)
    {
      return 0
    }
    throw .invalidInput(
      "unexpected input '\(tensor.name)': the model has \(Self.described(places))")
  }

  private func bind(_ tensor: Tensor, _ number: Int, isInferred: Bool) throws(PredictError) -> BoundInput {
    let place = places[number]
    var shape = tensor.shape
    // A row per instance, one value in each: the column that the model wants.
    if isInferred, shape.count + 1 == place.shape.count, place.shape.last == 1 || place.shape.last == -1,
      shape.count == 1
    {
      shape.append(1)
    }
    try check(shape, place)
    guard let count = Tensor.elementCount(of: shape), count == tensor.values.count else {
      throw .invalidInput("input '\(place.name)' of shape \(shape) has \(tensor.values.count) elements")
    }
    let values = try converted(tensor.values, place, isInferred: isInferred)
    return BoundInput(
      number: number, name: place.name, datatype: place.datatype, shape: shape, values: values)
  }

  private func check(_ shape: [Int], _ place: ONNXPlace) throws(PredictError) {
    // A place without a shape takes any; the run itself checks then.
    if place.shape.isEmpty || place.kind != .tensor { return }
    let fits =
      shape.count == place.shape.count && zip(shape, place.shape).allSatisfy { $1 == -1 || $0 == $1 }
    if !fits {
      throw .invalidInput(
        "unexpected shape for input '\(place.name)': expected \(place.shape), got \(shape)")
    }
  }

  private func converted(
    _ values: TensorValues, _ place: ONNXPlace, isInferred: Bool
  ) throws(PredictError) -> TensorValues {
    if values.datatype == place.datatype {
      // A byte that is neither 0 nor 1 would be no valid truth value.
      return place.datatype == .bool ? values.unpacked() : values
    }
    if isInferred, let result = values.forced(to: place.datatype) { return result }
    throw .invalidInput(
      "input '\(place.name)' has the data type \(values.datatype.rawValue), but the model expects "
        + place.datatype.rawValue)
  }

  static func described(_ places: [ONNXPlace]) -> String {
    if places.isEmpty { return "no inputs" }
    return places.map { "'\($0.name)' (\($0.datatype.rawValue) \($0.shape))" }.joined(separator: ", ")
  }
}

extension TensorValues {
  /// The elements in the model's type, as numpy's `astype` makes them; also to FP16 and BF16 in binary form.
  fileprivate func forced(to datatype: DataType) -> TensorValues? {
    guard datatype == .fp16 || datatype == .bf16 else { return converted(to: datatype) }
    guard let numbers = doubles() else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.count * 2)
    for number in numbers {
      let bits = datatype == .fp16 ? HalfPrecision.bits(Float(number)) : Self.brainFloat(Float(number))
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return RawElements(datatype, count: numbers.count, bytes: bytes[...]).map(TensorValues.raw)
  }

  /// The nearest bfloat16's bits, ties to even.
  private static func brainFloat(_ value: Float) -> UInt16 {
    if value.isNaN { return 0x7FC0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }
}
