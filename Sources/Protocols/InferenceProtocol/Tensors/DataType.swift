/// The element types of the Open Inference Protocol.
public enum DataType: String, Sendable, Hashable, CaseIterable {
  case bool = "BOOL"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case fp16 = "FP16"
  case bf16 = "BF16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bytes = "BYTES"
}

extension DataType {
  /// Bytes of one element; nil for BYTES, whose elements have lengths of their own.
  public var byteSize: Int? {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .fp16, .bf16: 2
    case .int32, .uint32, .fp32: 4
    case .int64, .uint64, .fp64: 8
    case .bytes: nil
    }
  }
}
