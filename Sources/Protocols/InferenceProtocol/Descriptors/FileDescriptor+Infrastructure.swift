extension FileDescriptor {
  private typealias Message = MessageDescriptor
  private typealias Field = FieldDescriptor

  /// `grpc.health.v1.Health`.
  public static let health = FileDescriptor(
    name: "grpc/health/v1/health.proto", package: "grpc.health.v1",
    messages: [
      Message("HealthCheckRequest", [Field("service", 1, .string)]),
      Message(
        "HealthCheckResponse",
        [Field("status", 1, .enumeration(".grpc.health.v1.HealthCheckResponse.ServingStatus"))],
        enums: [
          EnumDescriptor(
            "ServingStatus", [("UNKNOWN", 0), ("SERVING", 1), ("NOT_SERVING", 2), ("SERVICE_UNKNOWN", 3)])
        ]),
    ],
    enums: [],
    services: [
      ServiceDescriptor(
        "Health",
        [
          .init("Check", "HealthCheckRequest", "HealthCheckResponse"),
          .init("Watch", "HealthCheckRequest", "HealthCheckResponse", streamsResponses: true),
        ])
    ])

  /// `grpc.reflection.v1.ServerReflection`, and the older package that most clients still ask for.
  public static let reflection = reflection(version: "v1")
  public static let reflectionAlpha = reflection(version: "v1alpha")

  private static func reflection(version: String) -> FileDescriptor {
    let package = "grpc.reflection.\(version)"
    func type(_ name: String) -> FieldDescriptor.FieldType { .message(".\(package).\(name)") }
    return FileDescriptor(
      name: "grpc/reflection/\(version)/reflection.proto", package: package,
      messages: [
        Message(
          "ServerReflectionRequest",
          [
            Field("host", 1, .string), Field("file_by_filename", 3, .string, oneof: "message_request"),
            Field("file_containing_symbol", 4, .string, oneof: "message_request"),
            Field("file_containing_extension", 5, type("ExtensionRequest"), oneof: "message_request"),
            Field("all_extension_numbers_of_type", 6, .string, oneof: "message_request"),
            Field("list_services", 7, .string, oneof: "message_request"),
          ]),
        Message(
          "ExtensionRequest",
          [Field("containing_type", 1, .string), Field("extension_number", 2, .int32)]),
        Message(
          "ServerReflectionResponse",
          [
            Field("valid_host", 1, .string), Field("original_request", 2, type("ServerReflectionRequest")),
            Field("file_descriptor_response", 4, type("FileDescriptorResponse"), oneof: "message_response"),
            Field(
              "all_extension_numbers_response", 5, type("ExtensionNumberResponse"),
              oneof: "message_response"),
            Field("list_services_response", 6, type("ListServiceResponse"), oneof: "message_response"),
            Field("error_response", 7, type("ErrorResponse"), oneof: "message_response"),
          ]),
        Message("FileDescriptorResponse", [Field("file_descriptor_proto", 1, .bytes, repeated: true)]),
        Message(
          "ExtensionNumberResponse",
          [Field("base_type_name", 1, .string), Field("extension_number", 2, .int32, repeated: true)]),
        Message("ListServiceResponse", [Field("service", 1, type("ServiceResponse"), repeated: true)]),
        Message("ServiceResponse", [Field("name", 1, .string)]),
        Message("ErrorResponse", [Field("error_code", 1, .int32), Field("error_message", 2, .string)]),
      ],
      enums: [],
      services: [
        ServiceDescriptor(
          "ServerReflection",
          [
            .init(
              "ServerReflectionInfo", "ServerReflectionRequest", "ServerReflectionResponse",
              streamsRequests: true, streamsResponses: true)
          ])
      ])
  }

  /// Every file that reflection knows.
  public static let all: [FileDescriptor] = [inference, health, reflection, reflectionAlpha]
}
