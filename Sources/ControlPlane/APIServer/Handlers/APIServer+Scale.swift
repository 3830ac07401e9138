internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  /// `autoscaling/v1 Scale` of an object: reading, replacing and patching it.
  func scale(_ target: ResourceRequest) async throws -> KubeResponse {
    guard let paths = target.definition.scale else { throw Self.pathNotFound() }
    let request = target.request
    switch request.method {
    case "GET":
      guard let (object, _) = try await storage.get(target.storageKey) else {
        throw KubeError.notFound(target.resource, target.name)
      }
      return KubeResponse(status: 200, body: .json(Self.scaleJSON(object, paths)))
    case "PUT":
      let wished = try RequestBody(request).json
      return try await setScale(target, paths) { _ in wished }
    case "PATCH":
      let (type, body) = try patchBody(target)
      return try await setScale(target, paths) { current in
        switch type {
        case .json: try JSONPatch.apply(body.json, to: current)
        default: try MergePatch.apply(body.json, to: current)
        }
      }
    default: throw Self.methodNotAllowed()
    }
  }

  private func setScale(
    _ target: ResourceRequest, _ paths: ResourceDefinition.ScalePaths,
    _ change: (JSONValue) throws -> JSONValue
  ) async throws -> KubeResponse {
    let written = try await modify(target) { current in
      let wished: JSONValue
      do {
        wished = try change(Self.scaleJSON(current, paths))
      } catch let error as PatchError {
        throw error.kubeError
      }
      guard
        let replicas = wished.at("spec", "replicas")?.int ?? (wished["spec"]?["replicas"] == nil ? 0 : nil),
        replicas >= 0
      else {
        throw KubeError.invalid(
          GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"), target.name,
          [
            KubeError.Cause(
              reason: "FieldValueInvalid",
              message:
                "Invalid value: \(wished.at("spec", "replicas")?.encodedText ?? "null"): must be greater than"
                + " or equal to 0", field: "spec.replicas")
          ])
      }
      var new = current
      new.resourceVersion = wished.at("metadata", "resourceVersion")?.string ?? ""
      new.json = Self.setting(new.json, paths.specReplicas[...], .int(replicas))
      return new
    }
    return KubeResponse(status: 200, body: .json(Self.scaleJSON(written, paths)))
  }

  private static func setting(_ json: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue
  {
    guard let key = path.first else { return value }
    var result = json
    result[key] = setting(json[key] ?? [:], path.dropFirst(), value)
    return result
  }

  private static func scaleJSON(_ object: KubeObject, _ paths: ResourceDefinition.ScalePaths) -> JSONValue {
    var metadata: JSONValue = ["name": .string(object.name)]
    if !object.namespace.isEmpty { metadata["namespace"] = .string(object.namespace) }
    for key in ["uid", "resourceVersion", "creationTimestamp"] { metadata[key] = object.metadata[key] }
    var status: JSONValue = ["replicas": object.json.at(path: paths.statusReplicas) ?? 0]
    if let path = paths.selector, let selector = object.json.at(path: path) {
      if let text = selector.string {
        status["selector"] = .string(text)
      } else if let parsed = try? LabelSelector(json: selector) {
        status["selector"] = .string(parsed.query)
      }
    }
    return [
      "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
      "spec": ["replicas": object.json.at(path: paths.specReplicas) ?? 0], "status": status,
    ]
  }
}
