internal import CONNXRuntime
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// An ONNX model in memory.
struct ONNXModel: LoadedModel {
  private let session: ONNXSession
  private let binder: InputBinder
  private let plan: OutputPlan
  private let passed: PassedOutputs
  private let outputNumbers: [String: Int]
  let signature: ModelSignature
  let memoryBytes: Int
  let isBatchable: Bool
  private(set) var estimatedNanosecondsPerRow: Double = Self.unknownCost

  /// Where no warm-up could tell: more than what may run on an event loop.
  private static let unknownCost = 1_000_000.0
  /// What a session takes beside the weights.
  private static let sessionBytes = 256 << 10

  init(_ session: ONNXSession, aliases: GraphAliases, settings: ONNXSettings, fileBytes: Int) {
    self.session = session
    passed = PassedOutputs(aliases, inputs: session.inputs, outputs: session.outputs)
    binder = InputBinder(inputs: session.inputs, initializers: session.initializers)
    plan = OutputPlan(inputs: session.inputs, outputs: session.outputs)
    outputNumbers = Dictionary(
      session.outputs.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    signature = ModelSignature(
      platform: "onnxruntime_onnx", inputs: session.inputs.map(Self.spec),
      outputs: session.outputs.map(Self.spec))
    memoryBytes = fileBytes + Self.sessionBytes
    isBatchable = settings.isBatchable ?? Self.hasRows(session)
    if settings.warmsUp { estimatedNanosecondsPerRow = warmUp() ?? Self.unknownCost }
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    guard request.function == .predict else {
      throw .unsupported("an ONNX model has no function \(request.function.rawValue)")
    }
    let inputs = try binder.bind(request)
    let outputs = wantedOutputs(request)
    if let deadline = request.deadline, SystemClock().monotonicNow() >= deadline {
      throw .unavailable("the deadline passed before the prediction began")
    }
    let computed = outputs.filter { passed.isComputed($0) }
    if computed.count == outputs.count { return try run(inputs, outputs, request.cancellation) }
    let results = computed.isEmpty ? [] : try run(inputs, computed, request.cancellation)
    return passed.merge(outputs, inputs, results, session.outputs)
  }

  /// Where it can be cancelled, with run options, by which another thread can end the run.
  private func run(
    _ inputs: [BoundInput], _ outputs: [Int], _ cancellation: PredictCancellation?
  ) throws(PredictError) -> [Tensor] {
    guard let cancellation else { return try run(inputs, outputs, options: nil) }
    if cancellation.isCancelled { throw .unavailable("the request was cancelled") }
    let options: RunOptions
    do {
      options = try RunOptions(session.library)
    } catch {
      throw .failed("ONNX Runtime: \(error.message)")
    }
    let result: Result<[Tensor], PredictError> = cancellation.withHandler({ options.terminate() }) {
      do throws(PredictError) {
        return .success(try run(inputs, outputs, options: options.pointer))
      } catch {
        return .failure(error)
      }
    }
    if case .failure = result, cancellation.isCancelled { throw .unavailable("the request was cancelled") }
    return try result.get()
  }

  private func run(
    _ inputs: [BoundInput], _ outputs: [Int], options: OpaquePointer?
  ) throws(PredictError) -> [Tensor] {
    let shapes = plan.shapes(of: outputs, given: inputs)
    do {
      var call = ONNXCall(
        session: session, inputs: inputs, outputIndices: outputs, shapes: shapes, options: options)
      return try call.run()
    } catch {
      guard shapes.contains(where: { $0 != nil }), Self.concernsOutputShape(error) else {
        throw Self.translated(error)
      }
    }
    // The model does not keep the output shapes that it declares: from now on the library makes its outputs.
    plan.distrust()
    do {
      var call = ONNXCall(
        session: session, inputs: inputs, outputIndices: outputs, shapes: outputs.map { _ in nil },
        options: options)
      return try call.run()
    } catch {
      throw Self.translated(error)
    }
  }

  /// How releases up to 1.2x and later ones put it.
  private static func concernsOutputShape(_ error: ONNXError) -> Bool {
    error.message.contains("pre-allocated output") || error.message.contains("shape verification failed")
  }

  private func wantedOutputs(_ request: PredictRequest) -> [Int] {
    let wanted = (request.outputNames ?? []).compactMap { outputNumbers[$0] }
    return wanted.isEmpty ? Array(session.outputs.indices) : wanted
  }

  private static func translated(_ error: ONNXError) -> PredictError {
    error.code == ONNXError.Code.invalidArgument
      ? .invalidInput("the model refuses the input: \(error.message)")
      : .failed("the model failed: \(error.message)")
  }

  private static func spec(_ place: ONNXPlace) -> ModelSignature.TensorSpec {
    .init(name: place.name, datatype: place.datatype, shape: place.spec)
  }

  /// Whether the first dimension of everything is one and the same of any length.
  private static func hasRows(_ session: ONNXSession) -> Bool {
    var symbols: Set<String> = []
    for place in session.inputs + session.outputs {
      switch place.kind {
      case .sequenceOfMaps: continue
      case .map, .sequenceOfTensors: return false
      case .tensor:
        guard place.shape.first == -1 else { return false }
        // Converters number the dimensions that have no name of their own.
        if let symbol = place.symbols.first, !symbol.isEmpty, !symbol.hasPrefix("unk") {
          symbols.insert(symbol)
        }
      }
    }
    return !session.inputs.isEmpty && symbols.count <= 1
  }

  /// Predicts one row of zeros where the inputs' shapes are known, which also settles the library's memory
  /// plan; a model that does not like zeros is measured later by its requests.
  private func warmUp() -> Double? {
    var tensors: [Tensor] = []
    for input in session.inputs {
      guard input.kind == .tensor, !input.shape.dropFirst().contains(-1) else { return nil }
      let shape = input.shape.map { $0 == -1 ? 1 : $0 }
      guard let count = Tensor.elementCount(of: shape), count > 0, count <= Self.warmUpElements else {
        return nil
      }
      tensors.append(Tensor(name: input.name, shape: shape, values: .zeros(input.datatype, count)))
    }
    let clock = SystemClock()
    let begin = clock.monotonicNow()
    var shortest: Duration?
    for _ in 0..<3 {
      let start = clock.monotonicNow()
      guard (try? predict(PredictRequest(inputs: tensors))) != nil else { return nil }
      let end = clock.monotonicNow()
      shortest = min(shortest ?? (end - start), end - start)
      if end - begin > .milliseconds(100) { break }
    }
    guard let (seconds, attoseconds) = shortest?.components else { return nil }
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
  }

  private static let warmUpElements = 16 << 20
}

/// Owns the options of one run.
/// `@unchecked Sendable`: ending a run is what ONNX Runtime allows any thread to do.
private final class RunOptions: @unchecked Sendable {
  private let library: ONNXLibrary
  let pointer: OpaquePointer

  init(_ library: ONNXLibrary) throws(ONNXError) {
    var options: OpaquePointer?
    try library.check(apus_ort_run_options_create(library.pointer, &options))
    guard let options else { throw ONNXError(code: 1, message: "no run options") }
    self.library = library
    pointer = options
  }

  deinit { apus_ort_run_options_release(library.pointer, pointer) }

  func terminate() { apus_ort_run_options_terminate(library.pointer, pointer) }
}

extension TensorValues {
  fileprivate static func zeros(_ datatype: DataType, _ count: Int) -> TensorValues {
    if datatype == .bytes { return .strings([String](repeating: "", count: count)) }
    let bytes = [UInt8](repeating: 0, count: count * (datatype.byteSize ?? 1))
    return RawElements(datatype, count: count, bytes: bytes[...]).map(TensorValues.raw) ?? .float32([])
  }
}
