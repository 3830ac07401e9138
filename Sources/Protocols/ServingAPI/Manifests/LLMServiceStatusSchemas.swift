internal import Formats

/// Schemas of the status of LLMInferenceService and LLMInferenceServiceConfig.
enum LLMServiceStatusSchemas {
  private static let reference: [CoreSchemas.Property] = [
    ("group", .text), ("kind", .text), ("name", .text), ("namespace", .text),
  ]
  private static let route: JSONValue = .fields(reference, required: ["group", "kind", "name"])

  private static let workload: [CoreSchemas.Property] = [
    ("apiGroup", .text), ("kind", .text), ("name", .text),
  ]
  private static let scaledWorkload: JSONValue = .fields(
    workload + [("readyReplicas", .int32)], required: ["kind", "name"])

  static func service(_ version: LLMServiceSchemas.Version) -> JSONValue {
    let isOlder = version == .v1alpha1
    let addressProperties: [CoreSchemas.Property] =
      isOlder
      ? DuckSchemas.addressProperties
      : DuckSchemas.addressProperties + [
        ("origin", route), ("models", .list(.fields([("name", .text)], required: ["name"]))),
      ]
    let properties: [CoreSchemas.Property] =
      DuckSchemas.statusProperties + [
        ("url", .text), ("address", DuckSchemas.address), ("addresses", .list(.fields(addressProperties))),
        ("router", router(isOlder)),
      ]
    return .fields(isOlder ? properties : properties + newer)
  }

  private static let newer: [CoreSchemas.Property] = [
    (
      "workloads",
      .fields([
        ("primary", scaledWorkload), ("prefill", scaledWorkload), ("scheduler", scaledWorkload),
        ("service", .fields(workload, required: ["kind", "name"])),
      ])
    ),
    (
      "appliedConfigs",
      .list(
        .fields(
          [("name", .text), ("namespace", .text), ("source", .choice(["Preset", "UserRef"]))],
          required: ["name", "namespace", "source"]))
    ),
  ]

  private static func router(_ isOlder: Bool) -> JSONValue {
    let gateways: JSONValue = .list(
      .fields(
        reference + [("listeners", .texts), ("httpRoutes", .list(route))],
        required: ["group", "kind", "name"]))
    let properties: [CoreSchemas.Property] = [
      ("gateways", gateways), ("scheduler", .fields([("inferencePool", route), ("service", route)])),
    ]
    return .fields(isOlder ? properties : properties + [("group", group)])
  }

  private static let group: JSONValue = .fields(
    [
      ("name", .text),
      (
        "members",
        JSONValue.list(
          .fields(
            [
              ("name", .text), ("weight", .int32), ("stopped", .flag),
              (
                "backendRef",
                .fields(
                  [
                    ("group", .text), ("kind", .text), ("name", .text), ("namespace", .text),
                    ("port", .int32),
                  ], required: ["name"])
              ),
            ], required: ["name", "weight"])
        ).with("x-kubernetes-list-type", "map").with("x-kubernetes-list-map-keys", ["name"])
      ),
    ], required: ["name"])

  static func config(_ version: LLMServiceSchemas.Version) -> JSONValue {
    .fields(
      version == .v1alpha1
        ? DuckSchemas.statusProperties
        : DuckSchemas.statusProperties + [
          ("referencedBy", .list(.fields([("name", .text), ("namespace", .text)])))
        ])
  }
}
