import InferenceProtocol
import Linux
import ModelRuntime
import TestSupport

/// Loads `.pkl` files whose text is `sum` into a model that adds up each row's two values.
struct FakeRuntime: ModelRuntime {
  var name = "fake"
  var frameworks = ["sklearn"]
  var endings = [".joblib", ".pkl", ".pickle"]
  var magic = "sum"
  var nanosecondsPerRow: Double = 100
  /// Called inside every prediction.
  var onPredict: @Sendable () -> Void = {}

  func fileExtensions(of framework: String) -> [String] { endings }

  func load(path: String, options: LoadOptions) throws(ModelLoadError) -> any LoadedModel {
    let text: String
    do {
      text = String(decoding: try Files.read(path), as: UTF8.self)
    } catch {
      throw ModelLoadError(.unreadable, "cannot read \(path): \(error.reason)")
    }
    guard text.hasPrefix(magic) else { throw ModelLoadError(.corrupt, "\(path) is no fake model") }
    return FakeModel(
      estimatedNanosecondsPerRow: nanosecondsPerRow, offset: options.predictsProbabilities ? 0.5 : 0,
      onPredict: onPredict)
  }

  func recognizes(path: String, firstBytes: [UInt8]) -> Bool { firstBytes.starts(with: Array(magic.utf8)) }
}

/// Adds up rows of two values.
struct FakeModel: LoadedModel {
  var signature = ModelSignature(
    platform: "sklearn", inputs: [.init(name: "input-0", datatype: .fp64, shape: [-1, 2])],
    outputs: [.init(name: "output-0", datatype: .fp64, shape: [-1])])
  var estimatedNanosecondsPerRow: Double = 100
  var memoryBytes = 4096
  var offset = 0.0
  var onPredict: @Sendable () -> Void = {}

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    onPredict()
    let inputs = request.inputs
    guard let input = inputs.first, input.shape.count == 2, input.shape[1] == 2,
      let values = input.values.doubles()
    else { throw .invalidInput("X has shape \(inputs.first?.shape ?? []), but the model expects [rows, 2]") }
    if values.contains(666) { throw .failed("the model broke") }
    let sums = (0..<input.shape[0]).map { values[$0 * 2] + values[$0 * 2 + 1] + offset }
    return [Tensor(name: "output-0", shape: [sums.count], values: .float64(sums))]
  }
}

extension TemporaryFolder {
  func folder(_ name: String) throws { try Files.createDirectories("\(path)/\(name)") }

  @discardableResult
  func file(_ name: String, _ text: String = "sum") throws -> String {
    try write(Array(text.utf8), as: name)
  }

  /// As `file`, in a sub-folder that is made where it is missing.
  @discardableResult
  func file(_ name: String, in subfolder: String, _ text: String = "sum") throws -> String {
    try Files.createDirectories("\(path)/\(subfolder)")
    return try file(name, text)
  }
}

/// Holds threads inside a prediction until it is opened.
final class Gate: Sendable {
  /// One element per thread that has come in.
  let entered: AsyncStream<Void>
  private let arrivals: AsyncStream<Void>.Continuation
  private let reading: Linux.FileDescriptor
  private let writing: Linux.FileDescriptor

  init() throws {
    (entered, arrivals) = AsyncStream.makeStream()
    let ends = try Pipe().release()
    reading = Linux.FileDescriptor(owning: ends.reading)
    writing = Linux.FileDescriptor(owning: ends.writing)
  }

  func pass() {
    arrivals.yield()
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { _ = try? reading.read(into: $0) }
  }

  /// Lets so many threads through, those that come later included.
  func open(for threads: Int = 100) { try? writing.writeAll([UInt8](repeating: 1, count: threads)) }
}
