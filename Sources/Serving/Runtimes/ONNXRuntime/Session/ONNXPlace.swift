internal import CONNXRuntime
internal import InferenceProtocol

/// An input, output or overridable initializer of a model.
struct ONNXPlace: Sendable {
  enum Kind: Sendable, Hashable {
    case tensor
    /// What scikit-learn's converter makes of probabilities (ZipMap): one map from label to score per row.
    case sequenceOfMaps
    case sequenceOfTensors
    case map
  }

  var name: String
  var kind: Kind
  /// Of the tensor, the maps' values or the sequence's tensors.
  var datatype: DataType
  /// -1 stands for any length. Empty also where the model says no shape.
  var shape: [Int]
  /// The names of dimensions that are equal wherever they appear; empty texts for those without.
  var symbols: [String]

  /// Nil for types that the protocols cannot carry; `typeName` says which.
  init?(_ raw: apus_ort_description) {
    guard let datatype = DataType(onnxElementType: raw.element_type) else { return nil }
    let type = raw.type == Self.optional ? raw.optional_type : raw.type
    switch type {
    case Self.tensor: kind = .tensor
    case Self.map: kind = .map
    case Self.sequence where raw.inner_type == Self.map: kind = .sequenceOfMaps
    case Self.sequence where raw.inner_type == Self.tensor: kind = .sequenceOfTensors
    default: return nil
    }
    self.datatype = datatype
    name = raw.name.map { String(cString: $0) } ?? ""
    var dimensions: [Int] = []
    var symbols: [String] = []
    withUnsafeBytes(of: raw.dimensions) { bytes in
      for dimension in bytes.bindMemory(to: Int64.self).prefix(raw.rank) {
        dimensions.append(dimension < 0 ? -1 : Int(clamping: dimension))
      }
    }
    withUnsafeBytes(of: raw.symbols) { bytes in
      for symbol in bytes.bindMemory(to: UnsafePointer<CChar>?.self).prefix(raw.rank) {
        symbols.append(symbol.map { String(cString: $0) } ?? "")
      }
    }
    shape = dimensions
    self.symbols = symbols
  }

  /// As metadata shows it.
  var spec: [Int] {
    switch kind {
    case .tensor, .sequenceOfTensors: shape
    case .sequenceOfMaps: [-1, -1]
    case .map: [-1]
    }
  }

  private static let tensor = Int32(clamping: APUS_ORT_TENSOR)
  private static let sequence = Int32(clamping: APUS_ORT_SEQUENCE)
  private static let map = Int32(clamping: APUS_ORT_MAP)
  private static let optional = Int32(clamping: APUS_ORT_OPTIONAL)
}

extension DataType {
  /// ONNXTensorElementDataType's numbers. Complex, 8-bit float and 4-bit types have no counterpart.
  init?(onnxElementType number: Int32) {
    switch number {
    case 1: self = .fp32
    case 2: self = .uint8
    case 3: self = .int8
    case 4: self = .uint16
    case 5: self = .int16
    case 6: self = .int32
    case 7: self = .int64
    case 8: self = .bytes
    case 9: self = .bool
    case 10: self = .fp16
    case 11: self = .fp64
    case 12: self = .uint32
    case 13: self = .uint64
    case 16: self = .bf16
    default: return nil
    }
  }

  var onnxElementType: Int32 {
    switch self {
    case .fp32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .bytes: 8
    case .bool: 9
    case .fp16: 10
    case .fp64: 11
    case .uint32: 12
    case .uint64: 13
    case .bf16: 16
    }
  }
}
