internal import Formats
public import HTTPWire
public import InferenceProtocol
public import ModelRuntime

/// MLServer 1.7's way with V2: one tensor, or one per column with the content type `pd`; outputs named by
/// functions; an object for parameters that are not there.
public struct MLServerDialect: V2Dialect {
  private let settings: MLServerSettings
  private let models: [String: MLServerModelSettings]

  /// - Parameter models: what the models' settings say of them.
  public init(_ settings: MLServerSettings, models: [MLServerModelSettings]) {
    self.settings = settings
    self.models = Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public func predictRequest(
    _ request: V2Request, for entry: ModelEntry
  ) throws(InferenceRequestError) -> PredictRequest {
    let contentType = request.contentType ?? models[entry.name]?.contentType
    if contentType == "pd" {
      var columns = request
      columns.parameters = ["content_type": "pd"]
      return PredictRequest(inputs: columns.modelInputs, outputNames: request.outputNames)
    }
    guard request.inputs.count == 1 else {
      let codec = contentType == "str" || contentType == "base64" ? contentType ?? "np" : "np"
      throw InferenceRequestError(
        .invalid,
        "There was an error encoding / decoding the payload: The '\(codec)' codec only supports a single "
          + "input tensor (\(request.inputs.count) were received)")
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

  public var forgetsUnloadedModels: Bool { true }

  /// V2 and the page of metrics only; `generate` is another name for `infer`.
  public func path(_ path: Substring) -> Substring? {
    guard path == "/metrics" || path == "/v2" || path.hasPrefix("/v2/"), path != "/v2/models" else {
      return nil
    }
    return path.hasSuffix("/generate") ? path.dropLast(8) + "infer" : path
  }

  /// The headers of a CloudEvent that MLServer adds to every answer.
  public func fields(answering id: String, from entry: ModelEntry) -> HTTPHeaders {
    [
      "Ce-Specversion": "0.3", "Ce-Source": "io.seldon.serving.deployment.\(settings.serverName)",
      "Ce-Type": "io.seldon.serving.inference.response", "Ce-Modelid": entry.name,
      "Ce-Inferenceservicename": settings.serverName, "Ce-Endpoint": entry.name, "Ce-Id": id,
      "Ce-Requestid": id,
    ]
  }

  public func answer(describing subject: DescribedSubject) -> ServerAnswer? {
    switch subject {
    case .server:
      return ServerAnswer(json: [
        "name": .string(settings.serverName), "version": .string(settings.serverVersion),
        "extensions": .array(settings.extensions.map { .string($0) }),
      ])
    case .live, .ready, .modelReady, .loaded, .unloaded: return ServerAnswer(body: [])
    case .model(let entry): return ServerAnswer(json: metadata(entry))
    case .index(let rows): return ServerAnswer(json: .array(rows.map(Self.item)))
    case .missing(let model, nil): return .error(404, "Model \(model) not found")
    case .missing(let model, let version?):
      return .error(404, "Model \(model) with version \(version) not found")
    }
  }

  private func metadata(_ entry: ModelEntry) -> JSONValue {
    let model = models[entry.name]
    func list(_ tensors: [MLServerModelSettings.Metadata]?) -> JSONValue {
      .array(
        (tensors ?? []).map { tensor in
          var object: JSONObject = [
            "name": .string(tensor.name), "datatype": .string(tensor.datatype.rawValue),
            "shape": .array(tensor.shape.map { .int($0) }),
          ]
          if let type = tensor.contentType { object["parameters"] = ["content_type": .string(type)] }
          return .object(object)
        })
    }
    return [
      "name": .string(entry.name), "versions": .array((model?.versions ?? []).map { .string($0) }),
      "platform": .string(model?.platform ?? ""), "inputs": list(model?.inputs),
      "outputs": list(model?.outputs),
      "parameters": model?.contentType.map { ["content_type": .string($0)] } ?? [:],
    ]
  }

  /// States as MLServer knows them, without reasons.
  private static func item(_ row: RepositoryRow) -> JSONValue {
    var object: JSONObject = ["name": .string(row.name)]
    if let version = row.version { object["version"] = .string(version) }
    object["state"] = .string(row.state == "LOADING" ? "UNKNOWN" : row.state)
    object["reason"] = ""
    return .object(object)
  }
}
