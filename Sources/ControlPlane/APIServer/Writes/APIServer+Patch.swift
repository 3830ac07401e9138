internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  func patch(_ target: ResourceRequest) async throws -> KubeResponse {
    let (type, body) = try patchBody(target)
    try checkFieldManager(target)
    if type == .apply { return try await apply(target, body) }
    if target.flag("force") {
      throw KubeError.invalid(
        Self.patchOptions, "", [.forbidden("force", "may not be specified for non-apply patch")])
    }
    var warnings: [String] = []
    let written = try await modify(target) { current in
      warnings = []
      return try patched(current, type, body, target, &warnings)
    }
    return try respond(written, target, warnings: warnings)
  }

  /// The patch's type and its JSON.
  func patchBody(_ target: ResourceRequest) throws -> (PatchType, RequestBody) {
    let request = target.request
    var contentType = request.contentType
    if case .bytes(_, let type) = request.body { contentType = type }
    let mediaType = String(contentType.prefix { $0 != ";" }).lowercased()
    let supported: [PatchType] = PatchType.served.filter {
      $0 != .strategicMerge || !target.definition.isCustom
    }
    guard let type = PatchType(rawValue: mediaType), supported.contains(type) else {
      let names = supported.map(\.rawValue).joined(separator: ", ")
      throw KubeError(
        .unsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: \(names)")
    }
    let body = try RequestBody(request)
    guard !body.isEmpty else { throw KubeError(.badRequest, "the request has no body; send a patch") }
    return (type, body)
  }

  func patched(
    _ current: KubeObject, _ type: PatchType, _ body: RequestBody, _ target: ResourceRequest,
    _ warnings: inout [String]
  ) throws -> KubeObject {
    var new = KubeObject(json: try Self.apply(type, body.json, to: current.json, target.definition))
    guard new.json.object != nil, new["metadata"]?.object != nil else {
      throw KubeError(
        .badRequest, "the patch leaves no \(target.resource.kind): it removes or replaces its metadata")
    }
    if new.apiVersion != current.apiVersion || new.kind != current.kind {
      throw KubeError(.badRequest, "a patch cannot change apiVersion or kind of \(target.resource.kind)")
    }
    try checkAddress(new, target)
    var problems = ObjectChecker(target.definition).prune(&new).map { "unknown field \"\($0)\"" }
    problems += body.duplicates.map { "duplicate field \"\($0)\"" }
    switch try target.fieldValidation() {
    case .ignore: break
    case .warn: warnings += problems
    case .strict:
      if !problems.isEmpty {
        let text = body.json.encodedText
        throw KubeError.invalid(
          GroupVersionKind(group: "", version: "", kind: ""), "",
          [
            KubeError.Cause(
              reason: "FieldValueInvalid",
              message: "Invalid value: \(text.prefix(1000)): strict decoding error: "
                + problems.joined(separator: ", "), field: "patch")
          ])
      }
    }
    return new
  }

  private static func apply(
    _ type: PatchType, _ patch: JSONValue, to document: JSONValue, _ definition: ResourceDefinition
  ) throws -> JSONValue {
    do {
      switch type {
      case .json: return try JSONPatch.apply(patch, to: document)
      case .merge: return try MergePatch.apply(patch, to: document)
      case .strategicMerge:
        return try StrategicMergePatch.apply(
          patch, to: document, schema: definition.schema, catalog: BuiltinSchemas.catalog)
      case .apply: throw methodNotAllowed()
      }
    } catch let error as PatchError {
      throw error.kubeError
    }
  }
}
