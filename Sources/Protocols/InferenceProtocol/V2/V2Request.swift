public import Formats

/// The V2 (Open Inference Protocol) request in its JSON form.
public struct V2Request: Sendable {
  /// Nil where the client gave none.
  public var id: String?
  public var inputs: [Tensor]
  /// `parameters` of the request.
  public var parameters: JSONValue?
  /// Names under `outputs`; nil where the client wants whatever the model gives.
  public var requestedOutputs: [String]?

  public init(
    id: String? = nil, inputs: [Tensor], parameters: JSONValue? = nil, requestedOutputs: [String]? = nil
  ) {
    self.id = id
    self.inputs = inputs
    self.parameters = parameters
    self.requestedOutputs = requestedOutputs
  }

  /// - Parameters:
  ///   - body: the request's bytes, read in place.
  ///   - model: the model's name, for messages.
  public static func decode(
    _ body: UnsafeRawBufferPointer, model: String, limits: InferenceLimits = InferenceLimits()
  ) throws(InferenceRequestError) -> V2Request {
    var reader = V2RequestReader(body, model: model, limits: limits)
    return try reader.read()
  }

  /// The outputs that the client asked for, in its order; all of them where it asked for none by name.
  public func select(_ outputs: [Tensor], model: String) throws(InferenceRequestError) -> [Tensor] {
    guard let requestedOutputs, !requestedOutputs.isEmpty else { return outputs }
    var selected: [Tensor] = []
    for name in requestedOutputs {
      guard let output = outputs.first(where: { $0.name == name }) else {
        throw InferenceRequestError(.invalid, "Unexpected inference output '\(name)' for model '\(model)'")
      }
      selected.append(output)
    }
    return selected
  }
}
