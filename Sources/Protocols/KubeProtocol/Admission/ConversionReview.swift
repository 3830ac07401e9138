public import Formats

/// What an API server asks of a conversion webhook: `apiextensions.k8s.io/v1`, or `v1beta1`.
public struct ConversionReview: Sendable {
  public let apiVersion: String
  public let uid: String
  /// `group/version` that all objects shall have.
  public let desiredVersion: String
  public let objects: [KubeObject]

  /// - Throws: `badRequest`, naming what is missing.
  public init(_ json: JSONValue) throws(KubeError) {
    guard json["kind"] == "ConversionReview", let version = json["apiVersion"]?.string,
      version.hasPrefix("apiextensions.k8s.io/")
    else { throw KubeError(.badRequest, "the body is no ConversionReview of apiextensions.k8s.io") }
    guard let request = json["request"], let uid = request["uid"]?.string, !uid.isEmpty else {
      throw KubeError(.badRequest, "ConversionReview: request.uid is missing")
    }
    guard let desired = request["desiredAPIVersion"]?.string, !desired.isEmpty else {
      throw KubeError(.badRequest, "ConversionReview: request.desiredAPIVersion is missing")
    }
    apiVersion = version
    self.uid = uid
    desiredVersion = desired
    objects = (request["objects"]?.array ?? []).map { KubeObject(json: $0) }
  }

  /// - Parameter converted: the objects in their order.
  public func answer(_ converted: [KubeObject]) -> JSONValue {
    answer(["convertedObjects": .array(converted.map(\.json)), "result": ["status": "Success"]])
  }

  public func failing(_ message: String) -> JSONValue {
    answer(["result": ["status": "Failure", "message": .string(message)]])
  }

  private func answer(_ members: JSONValue) -> JSONValue {
    var response = members
    response["uid"] = .string(uid)
    return ["kind": "ConversionReview", "apiVersion": .string(apiVersion), "response": response]
  }
}
