internal import CONNXRuntime
internal import Synchronization
internal import Telemetry

/// ONNX Runtime, opened at run time. Each library is opened once per process and stays open: its threads and
/// static objects outlive any unloading.
/// `@unchecked Sendable`: the pointer never changes, and its environment may be used by any thread.
final class ONNXLibrary: @unchecked Sendable {
  struct OpenError: Error { let reason: String }

  let path: String
  let pointer: OpaquePointer
  var version: String { String(cString: apus_ort_version(pointer)) }

  private static let opened = Mutex<[String: ONNXLibrary]>([:])
  private static let logger = Logger("onnxruntime")

  private init(path: String, pointer: OpaquePointer) {
    self.path = path
    self.pointer = pointer
  }

  /// - Parameter path: a file, or a bare name for the system's own search.
  static func open(_ path: String) throws(OpenError) -> ONNXLibrary {
    let result: Result<ONNXLibrary, OpenError> = opened.withLock { opened in
      if let library = opened[path] { return .success(library) }
      var problem = [CChar](repeating: 0, count: 1024)
      let pointer = apus_ort_open(path, { ONNXLibrary.log($0, $1) }, &problem, problem.count)
      guard let pointer else { return .failure(OpenError(reason: text(problem))) }
      let library = ONNXLibrary(path: path, pointer: pointer)
      opened[path] = library
      return .success(library)
    }
    return try result.get()
  }

  /// `CPUExecutionProvider`, `CUDAExecutionProvider`, …: what this build of the library can compute with.
  func providers() throws(ONNXError) -> [String] {
    var names: [String] = []
    let status = withUnsafeMutablePointer(to: &names) { names in
      apus_ort_providers(
        pointer,
        { name, context in
          guard let name, let context else { return }
          context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
        }, names)
    }
    try check(status)
    return names
  }

  /// Throws what a status says and releases it.
  func check(_ status: OpaquePointer?) throws(ONNXError) {
    if let error = failure(status) { throw error }
  }

  func failure(_ status: OpaquePointer?) -> ONNXError? {
    guard let status else { return nil }
    defer { apus_ort_status_release(pointer, status) }
    let message = apus_ort_status_message(pointer, status).map { String(cString: $0) } ?? ""
    return ONNXError(code: apus_ort_status_code(pointer, status), message: message)
  }

  /// Errors reach the caller as statuses too; here they are only worth a line for whoever debugs.
  private static func log(_ severity: Int32, _ message: UnsafePointer<CChar>?) {
    guard let message else { return }
    let text = String(cString: message)
    switch severity {
    case 2: logger.warning(text)
    case 3...: logger.info(text)
    default: logger.debug(text)
    }
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// What ONNX Runtime says went wrong.
struct ONNXError: Error, Sendable, Hashable {
  /// OrtErrorCode.
  enum Code {
    static let invalidArgument: Int32 = 2
    static let noSuchFile: Int32 = 3
    static let invalidProtobuf: Int32 = 7
    static let notImplemented: Int32 = 9
    static let invalidGraph: Int32 = 10
  }

  var code: Int32
  var message: String
}
