public import InferenceProtocol

/// Loads the files of one family of formats. One value per runtime, registered by the command that wires the
/// server.
public protocol ModelRuntime: Sendable {
  /// `classic`, `trees`, …: shown in `/v2` metadata as the platform.
  var name: String { get }
  /// The frameworks (values of `--framework` and of `modelFormat.name`) whose files this runtime reads.
  var frameworks: [String] { get }
  /// Endings of the files at the top of a model's folder that are models of that framework; empty where the
  /// folder as a whole is the model.
  func fileExtensions(of framework: String) -> [String]

  /// Reads one model file (or folder, see `fileExtensions`) and builds the model. Blocks; nothing in the file
  /// is executed.
  func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel
  /// Whether the file looks like one of this runtime's, by its first bytes; for servers that were told no
  /// framework.
  func recognizes(path: String, firstBytes: [UInt8]) -> Bool
}

/// What a server's flags, environment and model settings say about loading.
public struct LoadOptions: Sendable {
  /// `PREDICT_PROBA=true`: classifiers answer probabilities instead of labels.
  public var predictsProbabilities: Bool
  /// Threads that one prediction may use (`--nthread`).
  public var threads: Int
  /// Settings that only one runtime knows, by its own documented names.
  public var settings: [String: String]

  public init(predictsProbabilities: Bool = false, threads: Int = 1, settings: [String: String] = [:]) {
    self.predictsProbabilities = predictsProbabilities
    self.threads = threads
    self.settings = settings
  }
}

/// A model in memory. Immutable once loaded: any thread may call it, several at once.
public protocol LoadedModel: Sendable {
  var signature: ModelSignature { get }
  /// A guess of one row's cost, from the model's structure or calibrated at load; decides loop or worker.
  var estimatedNanosecondsPerRow: Double { get }
  /// Resident bytes that unloading would give back.
  var memoryBytes: Int { get }
  /// What it can be asked for; the first is what a plain request gets.
  var functions: [ModelFunction] { get }
  /// Whether several requests may be joined along their first dimension and answered by one call.
  var isBatchable: Bool { get }
  /// The same model without allocations, for rows of numbers; nil where it has no such form.
  var rowModel: (any RowModel)? { get }
  /// Whether a prediction waits for another process: such a model never runs on an event loop, however short
  /// its predictions are.
  var waitsForOthers: Bool { get }
  /// Whether V1 bodies go to the model as they came, see `PredictRequest.payload`.
  var takesPayloads: Bool { get }

  /// Predicts a batch. Blocks for as long as the model takes.
  /// - Returns: the output tensors; row `i` of each belongs to row `i` of the inputs.
  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor]
}

/// What a model is asked for.
public struct PredictRequest: Sendable {
  /// In the request's order, checked against no signature yet.
  public var inputs: [Tensor]
  public var function: ModelFunction
  /// The outputs that the client wants; nil for all. A model may leave others out, it need not.
  public var outputNames: [String]?
  /// A V1 request's JSON as it came, for a model that takes payloads; `inputs` are empty then. The answer is
  /// one tensor of one text (BYTES): the body of the response, as it shall go out.
  public var payload: [UInt8]?
  /// The datatypes are what JSON's numbers look like and a lone tensor's name is the protocol's own (V1): a
  /// model that knows its inputs converts and maps them.
  public var hasInferredTypes = false
  /// On `SystemClock.monotonicNow()`: when nobody waits for the answer any more. Runtimes that can end a
  /// prediction early heed it.
  public var deadline: Duration?
  /// Ends the prediction early where the runtime can.
  public var cancellation: PredictCancellation?

  public init(inputs: [Tensor], function: ModelFunction = .predict, outputNames: [String]? = nil) {
    self.inputs = inputs
    self.function = function
    self.outputNames = outputNames
  }
}

/// The methods of a scikit-learn estimator that servers offer; other models know `predict` only.
public enum ModelFunction: String, Sendable, Hashable, CaseIterable {
  case predict
  case predictProbabilities = "predict_proba"
  case transform
  case decisionFunction = "decision_function"
  case explain
}

extension LoadedModel {
  public var functions: [ModelFunction] { [.predict] }
  public var isBatchable: Bool { true }
  public var rowModel: (any RowModel)? { nil }
  public var waitsForOthers: Bool { false }
  public var takesPayloads: Bool { false }

  public func predict(_ inputs: [Tensor]) throws(PredictError) -> [Tensor] {
    try predict(PredictRequest(inputs: inputs, function: functions.first ?? .predict))
  }
}

/// Inputs and outputs as `/v2/models/<name>` shows them; -1 stands for any length.
public struct ModelSignature: Sendable, Hashable {
  public struct TensorSpec: Sendable, Hashable {
    public var name: String
    public var datatype: DataType
    public var shape: [Int]

    public init(name: String, datatype: DataType, shape: [Int]) {
      self.name = name
      self.datatype = datatype
      self.shape = shape
    }
  }

  /// `sklearn`, `xgboost`, …
  public var platform: String
  public var inputs: [TensorSpec]
  public var outputs: [TensorSpec]
  /// Column names where the model was fitted on named columns (`feature_names_in_`).
  public var featureNames: [String]?

  public init(platform: String, inputs: [TensorSpec], outputs: [TensorSpec], featureNames: [String]? = nil) {
    self.platform = platform
    self.inputs = inputs
    self.outputs = outputs
    self.featureNames = featureNames
  }
}
