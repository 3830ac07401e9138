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

  /// An integer of the query; nil where it is not set.
  func integer(_ name: String) throws(KubeError) -> Int64? {
    guard let text = request.queryValue(name), !text.isEmpty else { return nil }
    if let value = Int64(text) { return value }
    let isNumber = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
      .allSatisfy { (48...57).contains($0) }
    let problem = isNumber && text.utf8.count > 1 ? "value out of range" : "invalid syntax"
    throw KubeError(
      .badRequest, "\(name): strconv.ParseInt: parsing \(KubeError.Cause.quoted(text)): \(problem)")
  }

  /// `resourceVersion`; 0 where it is not set.
  func resourceVersion() throws(KubeError) -> Int64 {
    guard let text = request.queryValue("resourceVersion"), !text.isEmpty else { return 0 }
    if text.utf8.allSatisfy({ (48...57).contains($0) }), let revision = Int64(text) { return revision }
    throw KubeError(
      .badRequest,
      "resourceVersion: Invalid value: \(KubeError.Cause.quoted(text)): strconv.ParseUint: parsing"
        + " \(KubeError.Cause.quoted(text)): invalid syntax")
  }

  /// Writes know one value of `dryRun`: anything else must not be taken for a real write.
  func checkDryRun() throws(KubeError) {
    let kinds = ["POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"]
    guard request.method != "GET" else { return }
    let kind = kinds[request.method] ?? "DeleteOptions"
    for parameter in request.query where parameter.name == "dryRun" && parameter.value != "All" {
      throw Self.invalidDryRun(parameter.value, kind)
    }
  }

  static func invalidDryRun(_ value: String, _ kind: String) -> KubeError {
    KubeError.invalid(
      GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: kind), "",
      [
        .notSupported("dryRun", value, ["All"])
      ])
  }

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
