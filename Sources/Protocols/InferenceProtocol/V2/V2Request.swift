public import Formats

/// The V2 (Open Inference Protocol) request, as REST and gRPC clients send it.
public struct V2Request: Sendable {
  /// Nil where the client gave none.
  public var id: String?
  public var inputs: [Tensor]
  /// `parameters` of the request.
  public var parameters: JSONValue?
  /// `parameters` of each input, in the inputs' order; empty where no input has any.
  public var inputParameters: [JSONValue?]
  /// Under `outputs`; nil where the client wants whatever the model gives.
  public var requestedOutputs: [V2RequestedOutput]?

  public init(
    id: String? = nil, inputs: [Tensor], parameters: JSONValue? = nil, inputParameters: [JSONValue?] = [],
    requestedOutputs: [V2RequestedOutput]? = nil
  ) {
    self.id = id
    self.inputs = inputs
    self.parameters = parameters
    self.inputParameters = inputParameters
    self.requestedOutputs = requestedOutputs
  }

  /// - Parameters:
  ///   - body: the request's bytes, read in place.
  ///   - jsonBytes: how many of them are JSON, where the binary tensors of the inputs follow it
  ///     (`Inference-Header-Content-Length`); nil where all are.
  ///   - owner: the body where somebody owns it: long binary tensors stay in it without a copy.
  ///   - model: the model's name, for messages.
  public static func decode(
    _ body: UnsafeRawBufferPointer, jsonBytes: Int? = nil, owner: ArraySlice<UInt8>? = nil, model: String,
    limits: InferenceLimits = InferenceLimits()
  ) throws(InferenceRequestError) -> V2Request {
    guard let jsonBytes else {
      var reader = V2RequestReader(body, tail: nil, model: model, limits: limits)
      return try reader.read()
    }
    guard jsonBytes >= 0, jsonBytes <= body.count else {
      throw InferenceRequestError(
        .invalid,
        "the header 'inference-header-content-length' says \(jsonBytes), but the body has \(body.count) bytes"
      )
    }
    let json = UnsafeRawBufferPointer(rebasing: body[..<jsonBytes])
    let tail = UnsafeRawBufferPointer(rebasing: body[jsonBytes...])
    let ownedTail = owner.flatMap { $0.count == body.count ? $0.dropFirst(jsonBytes) : nil }
    var reader = V2RequestReader(
      json, tail: BinaryTail(tail, owner: ownedTail), model: model, limits: limits)
    return try reader.read()
  }

  /// The outputs that the client asked for, in its order; all of them where it asked for none by name.
  public func select(_ outputs: [Tensor], model: String) throws(InferenceRequestError) -> [Tensor] {
    guard let requestedOutputs, !requestedOutputs.isEmpty else { return outputs }
    var selected: [Tensor] = []
    selected.reserveCapacity(requestedOutputs.count)
    for requested in requestedOutputs {
      guard let output = outputs.first(where: { $0.name == requested.name }) else {
        throw InferenceRequestError(
          .invalid, "Unexpected inference output '\(requested.name)' for model '\(model)'")
      }
      selected.append(output)
    }
    return selected
  }

  /// The names under `outputs`; nil where the client wants all.
  public var outputNames: [String]? {
    guard let requestedOutputs, !requestedOutputs.isEmpty else { return nil }
    return requestedOutputs.map(\.name)
  }

  /// `parameters.content_type` of the request: `pd` for named columns, `np`, `str`.
  public var contentType: String? { parameters?["content_type"]?.string }

  /// The inputs as the model shall see them: with the content type `pd` each is one named column.
  public var modelInputs: [Tensor] {
    guard contentType == "pd", inputs.count == 1, inputs[0].shape.count == 1 else { return inputs }
    var column = inputs[0]
    column.shape.append(1)
    return [column]
  }

  /// Whether an output shall be answered in binary: by its own `binary_data`, where outputs are asked for by
  /// name, else by the request's `binary_data_output`.
  public func wantsBinary(_ index: Int) -> Bool {
    guard let requestedOutputs, requestedOutputs.indices.contains(index) else { return wantsBinaryOutputs }
    return requestedOutputs[index].wantsBinary ?? wantsBinaryOutputs
  }

  private var wantsBinaryOutputs: Bool { parameters?["binary_data_output"]?.bool ?? false }
}

/// An output that a request asks for by name.
public struct V2RequestedOutput: Sendable, Hashable {
  public var name: String
  public var parameters: JSONValue?

  public init(name: String, parameters: JSONValue? = nil) {
    self.name = name
    self.parameters = parameters
  }

  /// `binary_data`; nil where the output says nothing of it.
  var wantsBinary: Bool? { parameters?["binary_data"]?.bool }
}
