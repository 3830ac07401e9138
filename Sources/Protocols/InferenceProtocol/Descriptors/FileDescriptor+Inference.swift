extension FileDescriptor {
  /// The Open Inference Protocol's service, with the methods that Triton's clients know beyond it.
  public static let inference = FileDescriptor(
    name: "grpc_predict_v2.proto", package: "inference",
    messages: liveness + metadata + inferring + configuration + statistics + repository,
    enums: [dataTypes], services: [service])

  private typealias Message = MessageDescriptor
  private typealias Field = FieldDescriptor

  private static let parameter: FieldDescriptor.FieldType = .map(".inference.InferParameter")

  private static let liveness: [MessageDescriptor] = [
    Message("ServerLiveRequest"), Message("ServerLiveResponse", [Field("live", 1, .bool)]),
    Message("ServerReadyRequest"), Message("ServerReadyResponse", [Field("ready", 1, .bool)]),
    Message("ModelReadyRequest", nameAndVersion), Message("ModelReadyResponse", [Field("ready", 1, .bool)]),
  ]

  private static let nameAndVersion: [FieldDescriptor] = [
    Field("name", 1, .string), Field("version", 2, .string),
  ]

  private static let metadata: [MessageDescriptor] = [
    Message("ServerMetadataRequest"),
    Message("ServerMetadataResponse", nameAndVersion + [Field("extensions", 3, .string, repeated: true)]),
    Message("ModelMetadataRequest", nameAndVersion),
    Message(
      "ModelMetadataResponse",
      [
        Field("name", 1, .string), Field("versions", 2, .string, repeated: true),
        Field("platform", 3, .string),
        Field("inputs", 4, .message(".inference.ModelMetadataResponse.TensorMetadata"), repeated: true),
        Field("outputs", 5, .message(".inference.ModelMetadataResponse.TensorMetadata"), repeated: true),
      ],
      nested: [Message("TensorMetadata", tensor)]),
  ]

  private static let tensor: [FieldDescriptor] = [
    Field("name", 1, .string), Field("datatype", 2, .string), Field("shape", 3, .int64, repeated: true),
  ]

  private static let contents: [FieldDescriptor] =
    tensor + [
      Field("parameters", 4, parameter), Field("contents", 5, .message(".inference.InferTensorContents")),
    ]

  private static let inferring: [MessageDescriptor] = [
    Message(
      "ModelInferRequest",
      [
        Field("model_name", 1, .string), Field("model_version", 2, .string), Field("id", 3, .string),
        Field("parameters", 4, parameter),
        Field("inputs", 5, .message(".inference.ModelInferRequest.InferInputTensor"), repeated: true),
        Field(
          "outputs", 6, .message(".inference.ModelInferRequest.InferRequestedOutputTensor"), repeated: true),
        Field("raw_input_contents", 7, .bytes, repeated: true),
      ],
      nested: [
        Message("InferInputTensor", contents),
        Message(
          "InferRequestedOutputTensor", [Field("name", 1, .string), Field("parameters", 2, parameter)]),
      ]),
    Message(
      "ModelInferResponse",
      [
        Field("model_name", 1, .string), Field("model_version", 2, .string), Field("id", 3, .string),
        Field("parameters", 4, parameter),
        Field("outputs", 5, .message(".inference.ModelInferResponse.InferOutputTensor"), repeated: true),
        Field("raw_output_contents", 6, .bytes, repeated: true),
      ],
      nested: [Message("InferOutputTensor", contents)]),
    Message(
      "InferParameter",
      [
        Field("bool_param", 1, .bool, oneof: "parameter_choice"),
        Field("int64_param", 2, .int64, oneof: "parameter_choice"),
        Field("string_param", 3, .string, oneof: "parameter_choice"),
        Field("double_param", 4, .double, oneof: "parameter_choice"),
        Field("uint64_param", 5, .uint64, oneof: "parameter_choice"),
      ]),
    Message(
      "InferTensorContents",
      [
        Field("bool_contents", 1, .bool, repeated: true), Field("int_contents", 2, .int32, repeated: true),
        Field("int64_contents", 3, .int64, repeated: true),
        Field("uint_contents", 4, .uint32, repeated: true),
        Field("uint64_contents", 5, .uint64, repeated: true),
        Field("fp32_contents", 6, .float, repeated: true),
        Field("fp64_contents", 7, .double, repeated: true),
        Field("bytes_contents", 8, .bytes, repeated: true),
      ]),
    Message(
      "ModelStreamInferResponse",
      [
        Field("error_message", 1, .string),
        Field("infer_response", 2, .message(".inference.ModelInferResponse")),
      ]),
  ]

  private static let configuration: [MessageDescriptor] = [
    Message("ModelConfigRequest", nameAndVersion),
    Message("ModelConfigResponse", [Field("config", 1, .message(".inference.ModelConfig"))]),
    Message(
      "ModelConfig",
      [
        Field("name", 1, .string), Field("platform", 2, .string), Field("max_batch_size", 4, .int32),
        Field("input", 5, .message(".inference.ModelInput"), repeated: true),
        Field("output", 6, .message(".inference.ModelOutput"), repeated: true), Field("backend", 17, .string),
      ]),
    Message(
      "ModelInput",
      [
        Field("name", 1, .string), Field("data_type", 2, .enumeration(".inference.DataType")),
        Field("dims", 4, .int64, repeated: true),
      ]),
    Message(
      "ModelOutput",
      [
        Field("name", 1, .string), Field("data_type", 2, .enumeration(".inference.DataType")),
        Field("dims", 3, .int64, repeated: true),
      ]),
  ]

  private static let dataTypes = EnumDescriptor(
    "DataType",
    [
      ("TYPE_INVALID", 0), ("TYPE_BOOL", 1), ("TYPE_UINT8", 2), ("TYPE_UINT16", 3), ("TYPE_UINT32", 4),
      ("TYPE_UINT64", 5), ("TYPE_INT8", 6), ("TYPE_INT16", 7), ("TYPE_INT32", 8), ("TYPE_INT64", 9),
      ("TYPE_FP16", 10), ("TYPE_FP32", 11), ("TYPE_FP64", 12), ("TYPE_STRING", 13), ("TYPE_BF16", 14),
    ])

  private static func durations(_ names: [(String, Int)]) -> [FieldDescriptor] {
    names.map { Field($0.0, $0.1, .message(".inference.StatisticDuration")) }
  }

  private static let statistics: [MessageDescriptor] = [
    Message("ModelStatisticsRequest", nameAndVersion),
    Message(
      "ModelStatisticsResponse",
      [Field("model_stats", 1, .message(".inference.ModelStatistics"), repeated: true)]),
    Message("StatisticDuration", [Field("count", 1, .uint64), Field("ns", 2, .uint64)]),
    Message(
      "InferStatistics",
      durations([
        ("success", 1), ("fail", 2), ("queue", 3), ("compute_input", 4), ("compute_infer", 5),
        ("compute_output", 6), ("cache_hit", 7), ("cache_miss", 8),
      ])),
    Message(
      "MemoryUsage", [Field("type", 1, .string), Field("id", 2, .int64), Field("byte_size", 3, .uint64)]),
    Message(
      "ModelStatistics",
      [
        Field("name", 1, .string), Field("version", 2, .string), Field("last_inference", 3, .uint64),
        Field("inference_count", 4, .uint64), Field("execution_count", 5, .uint64),
        Field("inference_stats", 6, .message(".inference.InferStatistics")),
        Field("memory_usage", 8, .message(".inference.MemoryUsage"), repeated: true),
      ]),
  ]

  private static let repository: [MessageDescriptor] = [
    Message("RepositoryIndexRequest", [Field("repository_name", 1, .string), Field("ready", 2, .bool)]),
    Message(
      "RepositoryIndexResponse",
      [Field("models", 1, .message(".inference.RepositoryIndexResponse.ModelIndex"), repeated: true)],
      nested: [
        Message("ModelIndex", nameAndVersion + [Field("state", 3, .string), Field("reason", 4, .string)])
      ]),
    Message("RepositoryModelLoadRequest", [Field("model_name", 1, .string)]),
    Message(
      "RepositoryModelLoadResponse", [Field("model_name", 1, .string), Field("isLoaded", 2, .bool)]),
    Message("RepositoryModelUnloadRequest", [Field("model_name", 1, .string)]),
    Message(
      "RepositoryModelUnloadResponse", [Field("model_name", 1, .string), Field("isUnloaded", 2, .bool)]),
  ]

  private static let service = ServiceDescriptor(
    "GRPCInferenceService",
    [
      "ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer",
      "ModelConfig",
      "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload",
    ].map { ServiceDescriptor.Method($0, "\($0)Request", "\($0)Response") } + [
      ServiceDescriptor.Method(
        "ModelStreamInfer", "ModelInferRequest", "ModelStreamInferResponse", streamsRequests: true,
        streamsResponses: true)
    ])
}
