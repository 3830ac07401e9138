internal import InferenceProtocol
internal import ModelRuntime

/// What two requests must have in common to be computed as one batch: the instance of the model, the
/// function, the wanted outputs, and every input's name, type and shape but for its first dimension.
struct JoinKey: Sendable, Hashable {
  var instance: UInt64
  var function: ModelFunction
  var outputNames: [String]?
  var hasInferredTypes = false
  var inputs: [Input]

  struct Input: Sendable, Hashable {
    var name: String
    var datatype: DataType
    /// Binary elements and arrays are not joined with each other.
    var isRaw: Bool
    var row: [Int]
  }

  init(instance: UInt64, function: ModelFunction = .predict, outputNames: [String]? = nil, inputs: [Input]) {
    self.instance = instance
    self.function = function
    self.outputNames = outputNames
    self.inputs = inputs
  }

  /// - Returns: nil for a call that cannot be joined: its model forbids it, or its inputs are not all of the
  ///   same number of rows.
  init?(_ call: InferenceCall) {
    guard let model = call.entry.loaded, model.isBatchable, call.entry.joining.isAllowed,
      let rows = call.request.inputs.first?.shape.first, rows > 0
    else { return nil }
    var inputs: [Input] = []
    for input in call.request.inputs {
      guard input.shape.first == rows, Tensor.elementCount(of: input.shape) == input.values.count else {
        return nil
      }
      var isRaw = false
      if case .raw = input.values { isRaw = true }
      inputs.append(
        Input(
          name: input.name, datatype: input.datatype, isRaw: isRaw, row: Array(input.shape.dropFirst())))
    }
    self.init(
      instance: call.entry.instance, function: call.request.function, outputNames: call.request.outputNames,
      inputs: inputs)
    hasInferredTypes = call.request.hasInferredTypes
  }
}
