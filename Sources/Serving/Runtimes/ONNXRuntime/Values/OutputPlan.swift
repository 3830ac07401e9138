internal import InferenceProtocol
internal import Synchronization

/// Which outputs' shapes are known before a run, so that the library can write straight into the answer's
/// arrays. Shapes follow from the model's declaration and the names of its dimensions; where a model does not
/// keep what it declares, planning ends for good.
final class OutputPlan: Sendable {
  private let inputs: [ONNXPlace]
  private let outputs: [ONNXPlace]
  private let isTrusted = Atomic(true)

  init(inputs: [ONNXPlace], outputs: [ONNXPlace]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The model gave another shape than it declares.
  func distrust() { isTrusted.store(false, ordering: .relaxed) }

  /// - Returns: for each of the outputs its shape; nil where it is not known.
  func shapes(of indices: [Int], given bound: [BoundInput]) -> [[Int]?] {
    guard isTrusted.load(ordering: .relaxed) else { return indices.map { _ in nil } }
    var lengths: [String: Int] = [:]
    for input in bound where input.number < inputs.count {
      for (length, symbol) in zip(input.shape, inputs[input.number].symbols) where !symbol.isEmpty {
        // Two lengths by one name: the model's names mean nothing.
        if let other = lengths[symbol], other != length { return indices.map { _ in nil } }
        lengths[symbol] = length
      }
    }
    return indices.map { index in
      let output = outputs[index]
      guard output.kind == .tensor, output.datatype != .bytes, !output.shape.isEmpty else { return nil }
      var shape: [Int] = []
      for (dimension, symbol) in zip(output.shape, output.symbols) {
        guard let length = dimension >= 0 ? dimension : lengths[symbol] else { return nil }
        shape.append(length)
      }
      guard let count = Tensor.elementCount(of: shape), count > 0, count <= Self.maximumElements else {
        return nil
      }
      return shape
    }
  }

  private static let maximumElements = 1 << 31
}
