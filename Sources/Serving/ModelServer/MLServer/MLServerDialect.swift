internal import Formats
public import InferenceProtocol
public import ModelRuntime

/// MLServer 1.7's way with V2: one tensor, or one per column with the content type `pd`; outputs named by
/// functions; an object for parameters that are not there.
public struct MLServerDialect: V2Dialect {
  private let defaultContentTypes: [String: String]

  /// - Parameter defaultContentTypes: by model, from its settings.
  public init(defaultContentTypes: [String: String] = [:]) { self.defaultContentTypes = defaultContentTypes }

  public func predictRequest(
    _ request: V2Request, for entry: ModelEntry
  ) throws(InferenceRequestError) -> PredictRequest {
    let contentType = request.contentType ?? defaultContentTypes[entry.name]
    if contentType == "pd" {
      var columns = request
      columns.parameters = ["content_type": "pd"]
      return PredictRequest(inputs: columns.modelInputs, outputNames: request.outputNames)
    }
    guard request.inputs.count == 1 else {
      let codec = contentType == "str" || contentType == "base64" ? contentType ?? "np" : "np"
      throw InferenceRequestError(
        .invalid,
        "There was an error encoding / decoding the payload: The '\(codec)' codec only supports a single input "
          + "tensor (\(request.inputs.count) were received)")
    }
    return PredictRequest(inputs: request.inputs, outputNames: request.outputNames)
  }

  public func answer(
    _ outputs: [Tensor], to request: V2Request, from entry: ModelEntry
  ) throws(InferenceRequestError) -> (outputs: [Tensor], form: V2ResponseForm) {
    let parameters = outputs.map { output -> JSONValue? in
      let asked = request.requestedOutputs?.first { $0.name == output.name }
      return ["content_type": .string(asked?.parameters?["content_type"]?.string ?? "np")]
    }
    return (
      outputs,
      V2ResponseForm(
        modelVersion: entry.version, absentVersion: .omitted, absentParameters: .emptyObject,
        outputParameters: parameters)
    )
  }
}
