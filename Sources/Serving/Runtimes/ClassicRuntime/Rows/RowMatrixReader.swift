internal import InferenceProtocol
internal import ModelRuntime

/// Makes a batch out of a request's tensors: one `[rows, features]` tensor, one column per tensor, or for
/// vectorizers a list of texts.
enum RowMatrixReader {
  static func read(
    _ inputs: [Tensor], for estimator: any FittedEstimator
  ) throws(PredictError) -> RowMatrix {
    let identity = estimator.identity
    guard let first = inputs.first else {
      throw .invalidInput(
        "The request has no input tensor; one of shape [rows, \(identity.featureCount)] is needed.")
    }
    for tensor in inputs {
      if !estimator.takesTables, !estimator.takesDocuments { try requireNumbers(tensor) }
      guard Tensor.elementCount(of: tensor.shape) == tensor.values.count else {
        throw .invalidInput(
          "Input '\(tensor.name)' has shape \(tensor.shape) and \(tensor.values.count) elements.")
      }
    }
    if estimator.takesDocuments, inputs.count == 1 { return try documents(first, identity) }
    if inputs.count == 1, !estimator.takesRecords, !isNamedColumn(first, estimator) {
      return try matrix(first, identity)
    }
    return try stack(try order(inputs, estimator.featureNames, identity))
  }

  private static func requireNumbers(_ tensor: Tensor) throws(PredictError) {
    guard tensor.datatype == .bytes else { return }
    throw .invalidInput(
      "dtype='numeric' is not compatible with arrays of bytes/strings. Convert your data to numeric values "
        + "explicitly instead. (input '\(tensor.name)')")
  }

  /// The only column of a model with one feature, sent by its name; or of a table that has other columns too.
  private static func isNamedColumn(_ tensor: Tensor, _ estimator: any FittedEstimator) -> Bool {
    let isColumn = tensor.shape.count == 1 || (estimator.takesTables && tensor.shape.last == 1)
    return isColumn && estimator.featureNames == [tensor.name]
  }

  private static func matrix(
    _ tensor: Tensor, _ identity: EstimatorIdentity
  ) throws(PredictError) -> RowMatrix {
    switch tensor.shape.count {
    case 2: break
    case 0, 1:
      let kind = tensor.shape.isEmpty ? "scalar" : "1D"
      throw .invalidInput(
        "Expected 2D array, got \(kind) array instead. Reshape your data either using array.reshape(-1, 1) "
          + "if your data has a single feature or array.reshape(1, -1) if it contains a single sample.")
    default:
      throw .invalidInput("Found array with dim \(tensor.shape.count). \(identity.className) expected <= 2.")
    }
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    guard tensor.datatype == .bytes else {
      return RowMatrix(rows: rows, columns: columns, values: tensor.values.unpacked())
    }
    let texts = try texts(tensor)
    let table = (0..<columns).map { column in
      TableColumn.objects((0..<rows).map { .text(texts[$0 * columns + column]) })
    }
    return RowMatrix(rows: rows, table: table)
  }

  private static func texts(_ tensor: Tensor) throws(PredictError) -> [String] {
    guard case .strings(let texts) = tensor.values.unpacked() else {
      throw .invalidInput("Input '\(tensor.name)' holds bytes that are no UTF-8 text.")
    }
    return texts
  }

  /// `[rows]` or `[rows, 1]` of texts.
  private static func documents(
    _ tensor: Tensor, _ identity: EstimatorIdentity
  ) throws(PredictError) -> RowMatrix {
    let isList = tensor.shape.count == 1 || (tensor.shape.count == 2 && tensor.shape[1] == 1)
    guard isList, tensor.datatype == .bytes else {
      throw .invalidInput(
        "Input '\(tensor.name)' is \(tensor.datatype.rawValue) of shape \(tensor.shape); "
          + "\(identity.className) reads texts: BYTES of shape [rows].")
    }
    let cells = try texts(tensor).map { TableCell.text($0) }
    return RowMatrix(rows: cells.count, table: [.objects(cells)])
  }

  /// Columns in the order of the model's feature names; in the request's order where the model knows no
  /// names.
  private static func order(
    _ inputs: [Tensor], _ featureNames: [String]?, _ identity: EstimatorIdentity
  ) throws(PredictError) -> [Tensor] {
    guard let featureNames else { return inputs }
    var columns: [String: Tensor] = [:]
    for tensor in inputs {
      guard columns.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .invalidInput("The request has two inputs named '\(tensor.name)'.")
      }
    }
    let expected = Set(featureNames)
    // A ColumnTransformer takes the columns that it needs.
    let unseen =
      identity.className == "ColumnTransformer"
      ? [] : inputs.map(\.name).filter { !expected.contains($0) }
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
    var table: [TableColumn] = []
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
      if tensor.datatype == .bytes {
        table.append(.objects(try texts(tensor).map { .text($0) }))
      } else {
        table.append(.numbers(tensor.values.unpacked()))
      }
    }
    return RowMatrix(rows: rows, table: table, names: columns.map(\.name))
  }
}
