internal import InferenceProtocol
internal import ModelRuntime

/// A model in Python workers; they end with it.
final class PythonModel: LoadedModel {
  private let workers: PythonWorkers
  let signature: ModelSignature
  let memoryBytes: Int
  let functions: [ModelFunction]
  let isBatchable: Bool
  let takesPayloads: Bool
  let waitsForOthers = true

  init(_ workers: PythonWorkers, _ ready: WorkerReady) {
    self.workers = workers
    signature = ModelSignature(
      platform: "python_\(ready.platform)", inputs: ready.inputs, outputs: ready.outputs,
      featureNames: ready.featureNames.isEmpty ? nil : ready.featureNames)
    memoryBytes = ready.memoryBytes * workers.settings.workers
    functions = ready.functions
    isBatchable = workers.settings.isBatchable ?? ready.isBatchable
    takesPayloads = ready.takesPayloads
  }

  deinit { workers.close() }

  /// Nothing is known of what runs there.
  var estimatedNanosecondsPerRow: Double { 1_000_000 }

  /// How often workers died and were started again.
  var restarts: Int { workers.restarts }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    for tensor in request.inputs where Tensor.elementCount(of: tensor.shape) != tensor.values.count {
      throw .invalidInput(
        "input '\(tensor.name)' of shape \(tensor.shape) has \(tensor.values.count) elements")
    }
    return try workers.predict(request)
  }
}
