internal import InferenceProtocol
internal import ModelRuntime

/// Makes the row matrix out of a request's tensors: one `[rows, features]` tensor, or one column per tensor.
enum RowMatrixReader {
  static func read(
    _ inputs: [Tensor], featureNames: [String]?, identity: EstimatorIdentity
  ) throws(PredictError) -> RowMatrix {
    guard let first = inputs.first else {
      throw .invalidInput(
        "The request has no input tensor; one of shape [rows, \(identity.featureCount)] is needed.")
    }
    for tensor in inputs {
      try requireNumbers(tensor)
      guard Tensor.elementCount(of: tensor.shape) == tensor.values.count else {
        throw .invalidInput(
          "Input '\(tensor.name)' has shape \(tensor.shape) and \(tensor.values.count) elements.")
      }
    }
    if inputs.count == 1, !isNamedColumn(first, featureNames) { return try matrix(first, identity) }
    return try stack(try order(inputs, featureNames))
  }

  private static func requireNumbers(_ tensor: Tensor) throws(PredictError) {
    guard tensor.datatype == .bytes else { return }
    throw .invalidInput(
      "dtype='numeric' is not compatible with arrays of bytes/strings. Convert your data to numeric values "
        + "explicitly instead. (input '\(tensor.name)')")
  }

  /// The only column of a model with one feature, sent by its name.
  private static func isNamedColumn(_ tensor: Tensor, _ featureNames: [String]?) -> Bool {
    tensor.shape.count == 1 && featureNames == [tensor.name]
  }

  private static func matrix(
    _ tensor: Tensor, _ identity: EstimatorIdentity
  ) throws(PredictError) -> RowMatrix {
    switch tensor.shape.count {
    case 2:
      return RowMatrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values.unpacked())
    case 0, 1:
      let kind = tensor.shape.isEmpty ? "scalar" : "1D"
      throw .invalidInput(
        "Expected 2D array, got \(kind) array instead. Reshape your data either using array.reshape(-1, 1) "
          + "if your data has a single feature or array.reshape(1, -1) if it contains a single sample.")
    default:
      throw .invalidInput("Found array with dim \(tensor.shape.count). \(identity.className) expected <= 2.")
    }
  }

  /// Columns in the order of the model's feature names; in the request's order where the model knows no
  /// names.
  private static func order(
    _ inputs: [Tensor], _ featureNames: [String]?
  ) throws(PredictError) -> [Tensor] {
    guard let featureNames else { return inputs }
    var columns: [String: Tensor] = [:]
    for tensor in inputs {
      guard columns.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .invalidInput("The request has two inputs named '\(tensor.name)'.")
      }
    }
    let expected = Set(featureNames)
    let unseen = inputs.map(\.name).filter { !expected.contains($0) }
    let missing = featureNames.filter { columns[$0] == nil }
    guard unseen.isEmpty, missing.isEmpty else {
      var message = "The feature names should match those that were passed during fit."
      if !unseen.isEmpty { message += "\nFeature names unseen at fit time:" + list(unseen) }
      if !missing.isEmpty { message += "\nFeature names seen at fit time, yet now missing:" + list(missing) }
      throw .invalidInput(message)
    }
    return featureNames.compactMap { columns[$0] }
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(5).map { "\n- \($0)" }.joined() + (names.count > 5 ? "\n- ..." : "")
  }

  private static func stack(_ columns: [Tensor]) throws(PredictError) -> RowMatrix {
    let rows = columns.first?.values.count ?? 0
    for tensor in columns {
      let isColumn = tensor.shape.count == 1 || (tensor.shape.count == 2 && tensor.shape[1] == 1)
      guard isColumn else {
        throw .invalidInput(
          "Input '\(tensor.name)' has shape \(tensor.shape); with several inputs each must be one column, "
            + "[rows] or [rows, 1].")
      }
      guard tensor.values.count == rows else {
        throw .invalidInput(
          "Input '\(tensor.name)' has \(tensor.values.count) rows, '\(columns[0].name)' has \(rows).")
      }
    }
    let width = columns.count
    let blocks = columns.map { RowMatrix(rows: rows, columns: 1, values: $0.values.unpacked()) }
    if blocks.allSatisfy(\.isFloat32) {
      let values = interleave(blocks.map { $0.floats() }, rows: rows)
      return RowMatrix(rows: rows, columns: width, values: .float32(values))
    }
    let values = interleave(blocks.map { $0.doubles() }, rows: rows)
    return RowMatrix(rows: rows, columns: width, values: .float64(values))
  }

  private static func interleave<Element>(_ columns: [[Element]], rows: Int) -> [Element] {
    var values: [Element] = []
    values.reserveCapacity(rows * columns.count)
    for row in 0..<rows {
      for column in columns { values.append(column[row]) }
    }
    return values
  }
}
