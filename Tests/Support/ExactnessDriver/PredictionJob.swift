internal import Basics
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// One line of a manifest, fields separated by tabs: model, input, dtype (`v1` for a V1 request's JSON,
/// `tensors` for tensors as they are written), rows,
/// columns, `labels` or `probabilities` (as the server's flag chooses) or a function's name, output, and
/// optionally the framework (`sklearn` by default), settings `name=value,…` for the runtime, and `rows` to
/// predict through the row model, row by row.
struct PredictionJob {
  struct MalformedManifest: Error, CustomStringConvertible {
    let line: String
    var description: String { "malformed manifest line '\(line)'" }
  }

  let modelPath: String
  let inputPath: String
  let dtype: String
  let rows: Int
  let columns: Int
  let kind: String
  let outputPath: String
  let framework: String
  let settings: [String: String]
  let usesRowModel: Bool

  static func read(manifest path: String) throws -> [PredictionJob] {
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    return try text.split(separator: "\n").map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard (7...10).contains(fields.count), let rows = Int(fields[3]), let columns = Int(fields[4]) else {
        throw MalformedManifest(line: String(line))
      }
      return PredictionJob(
        modelPath: fields[0], inputPath: fields[1], dtype: fields[2], rows: rows, columns: columns,
        kind: fields[5], outputPath: fields[6],
        framework: fields.count > 7 ? fields[7] : "sklearn",
        settings: fields.count > 8 ? readSettings(fields[8]) : [:],
        usesRowModel: fields.count > 9 && fields[9] == "rows")
    }
  }

  private static func readSettings(_ text: String) -> [String: String] {
    var settings: [String: String] = [:]
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { settings[String(parts[0])] = String(parts[1]) }
    }
    return settings
  }

  /// Writes `name datatype shape` and the raw elements of each output tensor, or `error` and the sentence.
  func run(on runtimes: [any ModelRuntime]) throws {
    var output = Bytes()
    do {
      guard let runtime = runtimes.first(where: { $0.frameworks.contains(framework) }) else {
        throw MalformedManifest(line: framework)
      }
      let options = LoadOptions(predictsProbabilities: kind == "probabilities", settings: settings)
      let model = try runtime.load(path: modelPath, options: options)
      let inputs = try readInputs()
      let results = usesRowModel ? [try RowByRow.predict(inputs[0], with: model)] : try predict(inputs, model)
      for result in results { RawTensor.append(result, to: &output) }
    } catch {
      output = Bytes("error \(error)\n".utf8)
    }
    try Files.writeAtomically(output, to: outputPath)
  }

  private func predict(_ inputs: [Tensor], _ model: any LoadedModel) throws -> [Tensor] {
    guard let function = ModelFunction(rawValue: kind) else { return try model.predict(inputs) }
    return try model.predict(PredictRequest(inputs: inputs, function: function))
  }

  private func readInputs() throws -> [Tensor] {
    if dtype == "v1" {
      return try Files.read(inputPath).withUnsafeBytes { try V1Request.decode($0) }
    }
    if dtype == "tensors" { return try RawTensor.read(try Files.read(inputPath)) }
    return [Tensor(name: "input-0", shape: [rows, columns], values: try readValues())]
  }

  private func readValues() throws -> TensorValues {
    let bytes = try Files.read(inputPath)
    switch dtype {
    case "<f8": return .float64(elements(bytes))
    case "<f4": return .float32(elements(bytes))
    case "<i8": return .int64(elements(bytes))
    case "<i4": return .int32(elements(bytes))
    default: throw MalformedManifest(line: dtype)
    }
  }

  private func elements<Element: BitwiseCopyable>(_ bytes: Bytes) -> [Element] {
    let size = MemoryLayout<Element>.size
    return bytes.withUnsafeBytes { buffer in
      (0..<(buffer.count / size)).map { buffer.loadUnaligned(fromByteOffset: $0 * size, as: Element.self) }
    }
  }
}
