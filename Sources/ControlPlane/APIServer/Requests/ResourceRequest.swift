internal import KubeClient
internal import KubeProtocol

/// One request to a resource, resolved against the registry.
struct ResourceRequest: Sendable {
  var definition: ResourceDefinition
  var namespace: String?
  /// "" for a request to the whole collection.
  var name: String
  var subresource: String?
  var request: KubeRequest

  var resource: KubeResource { definition.resource }
  var key: ObjectKey { ObjectKey(namespace: resource.isNamespaced ? namespace ?? "" : "", name: name) }
  var storageKey: String { definition.storageKey(key) }

  func flag(_ name: String) -> Bool { ["true", "1", "True"].contains(request.queryValue(name) ?? "") }

  /// `dryRun=All`: everything but the write.
  var isDryRun: Bool { request.query.contains { $0.name == "dryRun" && $0.value == "All" } }

  func fieldValidation() throws(KubeError) -> FieldValidation {
    let text = request.queryValue("fieldValidation") ?? ""
    guard let mode = text.isEmpty ? .warn : FieldValidation(rawValue: text) else {
      throw KubeError(
        .badRequest,
        "fieldValidation: Unsupported value: \"\(text)\": supported values: \"Ignore\", \"Strict\", \"Warn\"")
    }
    return mode
  }
}

/// What happens with fields that the schema does not know and with keys that come twice.
enum FieldValidation: String, Sendable {
  case ignore = "Ignore"
  case warn = "Warn"
  case strict = "Strict"
}
