public import InferenceProtocol

/// A model that maps rows of numbers to rows of numbers without allocating: what the server's direct path
/// calls on the loop's thread. It gives the very results of `LoadedModel.predict`.
public protocol RowModel: Sendable {
  var form: RowForm { get }
  /// Bytes of scratch memory that `predict` needs for so many rows; 16-byte aligned.
  func scratchBytes(rows: Int) -> Int

  /// Predicts without allocating.
  /// - Parameters:
  ///   - output: room for `rows` rows of `form`, row-major.
  ///   - scratch: at least `scratchBytes(rows:)`; nothing is kept in it.
  /// - Returns: false where the general path must answer (NaN that the model refuses, say); `output` means
  ///   nothing then.
  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool
}

/// What goes in and out of a `RowModel`.
public struct RowForm: Sendable, Hashable {
  /// Numbers per input row.
  public var columns: Int
  public var outputName: String
  /// A type of fixed size (not BYTES).
  public var outputDatatype: DataType
  /// Nil: the output's shape is `[rows]`, else `[rows, outputColumns]`.
  public var outputColumns: Int?

  public init(columns: Int, outputName: String, outputDatatype: DataType, outputColumns: Int? = nil) {
    self.columns = columns
    self.outputName = outputName
    self.outputDatatype = outputDatatype
    self.outputColumns = outputColumns
  }
}

/// Rows in somebody else's memory, row-major, in the element type in which the client sent them.
public struct RowBatch {
  public enum Values {
    case float32(UnsafePointer<Float>)
    case float64(UnsafePointer<Double>)
    case int32(UnsafePointer<Int32>)
    case int64(UnsafePointer<Int64>)
  }

  public var rows: Int
  public var columns: Int
  public var values: Values

  public init(rows: Int, columns: Int, values: Values) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }
}
