internal import Basics
public import Formats

/// What an API server asks of an admission webhook: `admission.k8s.io/v1`, or `v1beta1`, which looks the
/// same.
public struct AdmissionReview: Sendable {
  public enum Operation: String, Sendable, Hashable {
    case create = "CREATE"
    case update = "UPDATE"
    case delete = "DELETE"
  }

  public let apiVersion: String
  public let uid: String
  public let operation: Operation
  /// `status`, `scale`; nil for the object itself.
  public let subresource: String?
  /// As it shall be stored; nil on deletion.
  public let object: KubeObject?
  /// As it is stored; nil on creation.
  public let old: KubeObject?

  private static let group = "admission.k8s.io/"

  /// - Throws: `badRequest`, naming what is missing.
  public init(_ json: JSONValue) throws(KubeError) {
    guard json["kind"] == "AdmissionReview", let version = json["apiVersion"]?.string,
      version.hasPrefix(Self.group)
    else { throw KubeError(.badRequest, "the body is no AdmissionReview of admission.k8s.io") }
    guard let request = json["request"], let uid = request["uid"]?.string, !uid.isEmpty else {
      throw KubeError(.badRequest, "AdmissionReview: request.uid is missing")
    }
    guard let operation = (request["operation"]?.string).flatMap(Operation.init) else {
      throw KubeError(.badRequest, "AdmissionReview: request.operation must be CREATE, UPDATE or DELETE")
    }
    apiVersion = version
    self.uid = uid
    self.operation = operation
    subresource = request["subResource"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    object = Self.object(request["object"])
    old = Self.object(request["oldObject"])
    guard (operation == .delete ? old : object) != nil else {
      let member = operation == .delete ? "oldObject" : "object"
      throw KubeError(.badRequest, "AdmissionReview: request.\(member) is missing")
    }
  }

  private static func object(_ json: JSONValue?) -> KubeObject? {
    guard let json, json.object != nil else { return nil }
    return KubeObject(json: json)
  }

  // MARK: answers

  /// - Parameters:
  ///   - changed: what shall be stored in place of the request's object; nil to leave that as it is.
  ///   - warnings: one sentence each, for whoever sent the request.
  public func allowing(_ changed: KubeObject? = nil, warnings: [String] = []) -> JSONValue {
    var response: JSONValue = ["uid": .string(uid), "allowed": true]
    let operations = changed.map { JSONPatch.difference(from: object?.json ?? [:], to: $0.json) } ?? []
    if !operations.isEmpty {
      response["patchType"] = "JSONPatch"
      response["patch"] = .string(Base64.encode(JSONValue.array(operations).encoded()))
    }
    return answer(response, warnings)
  }

  /// - Parameter error: becomes the status that the client gets.
  public func denying(_ error: KubeError, warnings: [String] = []) -> JSONValue {
    answer(["uid": .string(uid), "allowed": false, "status": error.statusJSON], warnings)
  }

  private func answer(_ response: JSONValue, _ warnings: [String]) -> JSONValue {
    var response = response
    if !warnings.isEmpty { response["warnings"] = .array(warnings.map { .string($0) }) }
    return ["kind": "AdmissionReview", "apiVersion": .string(apiVersion), "response": response]
  }
}
