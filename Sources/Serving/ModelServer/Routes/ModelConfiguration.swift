internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// A model's configuration as Triton's model configuration extension tells it, as far as it has a meaning
/// here.
struct ModelConfiguration: Sendable {
  struct Place: Sendable {
    var name: String
    var type: DataType
    var dimensions: [Int]
  }

  let name: String
  let platform: String
  let inputs: [Place]
  let outputs: [Place]
  /// Rows that may be computed together; 0 for a model whose requests are never joined.
  let maximumBatch: Int

  init(_ entry: ModelEntry) {
    name = entry.name
    platform = entry.signature?.platform ?? ""
    maximumBatch = entry.settings.batching?.maximumRows ?? 0
    let isBatched = maximumBatch > 0
    func place(_ spec: ModelSignature.TensorSpec) -> Place {
      // With batching the first dimension is the batch's, which Triton leaves out.
      Place(
        name: spec.name, type: spec.datatype,
        dimensions: isBatched ? Array(spec.shape.dropFirst()) : spec.shape)
    }
    inputs = entry.signature?.inputs.map(place) ?? []
    outputs = entry.signature?.outputs.map(place) ?? []
  }

  var json: JSONValue {
    func list(_ places: [Place]) -> JSONValue {
      .array(
        places.map { place in
          [
            "name": .string(place.name), "data_type": .string("TYPE_\(Self.typeName(place.type))"),
            "dims": .array(place.dimensions.map { .int($0) }),
          ]
        })
    }
    return [
      "name": .string(name), "platform": .string(platform), "backend": .string(platform),
      "max_batch_size": .int(maximumBatch), "input": list(inputs), "output": list(outputs),
    ]
  }

  private static func typeName(_ type: DataType) -> String { type == .bytes ? "STRING" : type.rawValue }

  /// The number of the enum `inference.DataType`.
  static func typeNumber(_ type: DataType) -> UInt64 {
    switch type {
    case .bool: 1
    case .uint8: 2
    case .uint16: 3
    case .uint32: 4
    case .uint64: 5
    case .int8: 6
    case .int16: 7
    case .int32: 8
    case .int64: 9
    case .fp16: 10
    case .fp32: 11
    case .fp64: 12
    case .bytes: 13
    case .bf16: 14
    }
  }
}
