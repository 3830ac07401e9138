internal import CONNXRuntime
internal import ModelRuntime

/// Owns one session: a model's graph, optimized and in memory.
/// `@unchecked Sendable`: the pointer never changes, and ONNX Runtime's sessions may be run by any threads at
/// once.
final class ONNXSession: @unchecked Sendable {
  let library: ONNXLibrary
  let pointer: OpaquePointer
  let inputs: [ONNXPlace]
  let outputs: [ONNXPlace]
  /// Initializers that a request may override: optional inputs. Numbered after the inputs.
  let initializers: [ONNXPlace]

  /// Blocks for as long as the library reads and optimizes.
  init(library: ONNXLibrary, path: String, settings: ONNXSettings) throws(ModelLoadError) {
    try Self.checkProvider(library, settings)
    var session: OpaquePointer?
    let failure = Self.withRaw(settings) { raw in
      var raw = raw
      return library.failure(apus_ort_session_create(library.pointer, path, &raw, &session))
    }
    if let failure { throw ModelLoadError(failure, path: path) }
    guard let session else { throw ModelLoadError(.corrupt, "ONNX Runtime gave no session for \(path).") }
    self.library = library
    pointer = session
    do {
      inputs = try Self.places(session, APUS_ORT_INPUT, "input", path)
      outputs = try Self.places(session, APUS_ORT_OUTPUT, "output", path)
      initializers = try Self.places(session, APUS_ORT_INITIALIZER, "initializer", path)
    } catch {
      apus_ort_session_release(session)
      throw error
    }
  }

  deinit { apus_ort_session_release(pointer) }

  private static func checkProvider(
    _ library: ONNXLibrary, _ settings: ONNXSettings
  ) throws(ModelLoadError) {
    guard settings.provider == .cuda else { return }
    let providers = (try? library.providers()) ?? []
    guard !providers.contains("CUDAExecutionProvider") else { return }
    throw ModelLoadError(
      .unknownFramework,
      "onnx.execution_provider is cuda, but the library \(library.path) was built without CUDA (it has "
        + "\(providers.joined(separator: ", "))); install onnxruntime-gpu and name it with APUS_ONNXRUNTIME.")
  }

  private static func places(
    _ session: OpaquePointer, _ kind: Int, _ word: String, _ path: String
  ) throws(ModelLoadError) -> [ONNXPlace] {
    let number = Int32(clamping: kind)
    var places: [ONNXPlace] = []
    for index in 0..<apus_ort_count(session, number) {
      guard let raw = apus_ort_describe(session, number, index)?.pointee else { continue }
      guard let place = ONNXPlace(raw) else {
        let name = raw.name.map { String(cString: $0) } ?? ""
        throw ModelLoadError(
          .unsupportedEstimator,
          "The model file \(path) has the \(word) '\(name)' of a type (complex, sparse, 8-bit float or "
            + "4-bit) that the inference protocols cannot carry; cast it inside the model.")
      }
      places.append(place)
    }
    return places
  }

  /// The settings as C sees them, valid during `body`.
  private static func withRaw<Result>(
    _ settings: ONNXSettings, _ body: (apus_ort_session_settings) -> Result
  ) -> Result {
    var raw = apus_ort_session_settings()
    raw.intra_op_threads = Int32(clamping: settings.intraOpThreads)
    raw.inter_op_threads = Int32(clamping: settings.interOpThreads)
    raw.optimization_level = settings.optimizationLevel
    raw.is_parallel = settings.isParallel ? 1 : 0
    raw.uses_arena = settings.usesArena ? 1 : 0
    // Patterns are learned along one order of execution.
    raw.uses_memory_pattern = settings.usesMemoryPattern && !settings.isParallel ? 1 : 0
    raw.log_severity = settings.logSeverity
    raw.uses_cuda = settings.provider == .cuda ? 1 : 0
    let cuda = CStrings(settings.cudaOptions)
    let entries = CStrings(settings.entries)
    raw.cuda_keys = cuda.keys
    raw.cuda_values = cuda.values
    raw.cuda_count = cuda.count
    raw.keys = entries.keys
    raw.values = entries.values
    raw.count = entries.count
    return withExtendedLifetime((cuda, entries)) { body(raw) }
  }
}

/// A dictionary as two arrays of C strings; they live as long as this object.
private final class CStrings {
  let count: Int
  private let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let texts: UnsafeMutablePointer<CChar>

  var keys: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(pointers) }
  var values: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(pointers + count) }

  init(_ entries: [String: String]) {
    let sorted = entries.sorted { $0.key < $1.key }
    let all = sorted.map(\.key) + sorted.map(\.value)
    count = sorted.count
    pointers = .allocate(capacity: max(1, all.count))
    texts = .allocate(capacity: max(1, all.reduce(0) { $0 + $1.utf8.count + 1 }))
    var next = texts
    for (index, text) in all.enumerated() {
      (pointers + index).initialize(to: UnsafePointer(next))
      for byte in text.utf8 {
        next.initialize(to: CChar(bitPattern: byte))
        next += 1
      }
      next.initialize(to: 0)
      next += 1
    }
  }

  deinit {
    pointers.deallocate()
    texts.deallocate()
  }
}

extension ModelLoadError {
  /// The one table from ONNX Runtime's codes to ours.
  init(_ error: ONNXError, path: String) {
    let text = error.message
    switch error.code {
    case ONNXError.Code.noSuchFile:
      self.init(.modelMissing, "The model file \(path), or data that it refers to, is missing: \(text)")
    case ONNXError.Code.notImplemented:
      self.init(
        .unsupportedEstimator,
        "The model file \(path) uses an operator that this ONNX Runtime does not have: \(text)")
    case ONNXError.Code.invalidProtobuf, ONNXError.Code.invalidGraph:
      self.init(.corrupt, "The model file \(path) is no valid ONNX model: \(text)")
    default:
      if text.contains("opset") || text.contains("IR version") || text.contains("ir_version") {
        self.init(
          .unsupportedVersion,
          "The model file \(path) needs a newer ONNX Runtime, or an export with an older opset: \(text)")
      } else if text.contains("not currently registered or supported") {
        self.init(
          .unsupportedEstimator, "The model file \(path) uses a type that ONNX Runtime does not have: \(text)"
        )
      } else {
        self.init(.corrupt, "ONNX Runtime cannot load the model file \(path): \(text)")
      }
    }
  }
}
