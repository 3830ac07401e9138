public import InferenceProtocol

/// Loads the files of one family of formats. One value per runtime, registered by the command that wires the
/// server.
public protocol ModelRuntime: Sendable {
  /// `classic`, `trees`, …: shown in `/v2` metadata as the platform.
  var name: String { get }
  /// The frameworks (values of `--framework` and of `modelFormat.name`) whose files this runtime reads.
  var frameworks: [String] { get }

  /// Reads one model file and builds the model. Blocks; nothing in the file is executed.
  func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel
  /// Whether the file looks like one of this runtime's, by its first bytes; for servers that were told no
  /// framework.
  func recognizes(path: String, firstBytes: [UInt8]) -> Bool
}

/// What a server's flags and environment say about loading.
public struct LoadOptions: Sendable {
  /// `PREDICT_PROBA=true`: classifiers answer probabilities instead of labels.
  public var predictsProbabilities: Bool

  public init(predictsProbabilities: Bool = false) { self.predictsProbabilities = predictsProbabilities }
}

/// A model in memory. Immutable once loaded: any thread may call it, several at once.
public protocol LoadedModel: Sendable {
  var signature: ModelSignature { get }
  /// A guess of one row's cost, from the model's structure or calibrated at load; decides loop or worker.
  var estimatedNanosecondsPerRow: Double { get }
  /// Resident bytes that unloading would give back.
  var memoryBytes: Int { get }

  /// Predicts a batch.
  /// - Parameter inputs: the request's tensors, in its order, checked against no signature yet.
  /// - Returns: the output tensors; row `i` of each belongs to row `i` of the inputs.
  func predict(_ inputs: [Tensor]) throws(PredictError) -> [Tensor]
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
