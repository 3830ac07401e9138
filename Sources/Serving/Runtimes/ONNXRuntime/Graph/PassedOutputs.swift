internal import InferenceProtocol

/// Outputs that are inputs by another name (models pass keys and images on): answered with the request's own
/// bytes, which the library would copy.
struct PassedOutputs: Sendable {
  /// For each output the input that it is.
  private let inputs: [Int?]

  init(_ aliases: GraphAliases, inputs: [ONNXPlace], outputs: [ONNXPlace]) {
    self.inputs = outputs.map { output in
      let source = aliases.source(of: output.name)
      guard source != output.name, let number = inputs.firstIndex(where: { $0.name == source }) else {
        return nil
      }
      let input = inputs[number]
      // Where the input has no shape, only a run can say whether a request's is right.
      guard output.kind == .tensor, input.kind == .tensor, output.datatype == input.datatype,
        output.datatype != .bytes, !input.shape.isEmpty
      else { return nil }
      return number
    }
  }

  /// Whether a run is needed for the output.
  func isComputed(_ output: Int) -> Bool { inputs[output] == nil }

  /// The outputs in the order of `indices`: those that are passed on from `bound`, the others from
  /// `computed`, which has them in the same order.
  func merge(
    _ indices: [Int], _ bound: [BoundInput], _ computed: [Tensor], _ places: [ONNXPlace]
  ) -> [Tensor] {
    var rest = computed[...]
    return indices.compactMap { index in
      guard let number = inputs[index] else { return rest.popFirst() }
      guard let input = bound.first(where: { $0.number == number }) else { return nil }
      return Tensor(name: places[index].name, shape: input.shape, values: Self.passed(input.values))
    }
  }

  /// Short ones are copied, so that they do not keep a long request in memory.
  private static func passed(_ values: TensorValues) -> TensorValues {
    guard case .raw(let elements) = values, elements.bytes.count < longBytes else { return values }
    if elements.datatype != .fp16, elements.datatype != .bf16 { return values.unpacked() }
    let bytes = Array(elements.bytes)
    return RawElements(elements.datatype, count: elements.count, bytes: bytes[...]).map { .raw($0) } ?? values
  }

  private static let longBytes = 64 << 10
}
