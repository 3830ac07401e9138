internal import Formats

/// Shapes that the status of several kinds share: Knative's conditions and addresses.
enum DuckSchemas {
  static let conditions: JSONValue = .list(
    .fields(
      [
        ("type", .text), ("status", .text), ("reason", .text), ("message", .text), ("severity", .text),
        ("lastTransitionTime", .text),
      ], required: ["type", "status"]))

  /// `address`: where a thing is reached.
  static let addressProperties: [CoreSchemas.Property] = [
    ("name", .text), ("url", .text), ("CACerts", .text), ("audience", .text),
  ]
  static let address: JSONValue = .fields(addressProperties)

  /// Members that the status of every kind with conditions has.
  static let statusProperties: [CoreSchemas.Property] = [
    ("observedGeneration", .int64), ("conditions", conditions), ("annotations", .textMap),
  ]

  /// A reference to an object by name.
  static let localReference: JSONValue = .fields([("name", .text.with("default", ""))])
    .with("x-kubernetes-map-type", "atomic")
}
