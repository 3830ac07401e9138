internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import ONNXRuntime
internal import Testing

/// The models in `Tests/Fixtures/onnx`, written by `make.py` there, and what Python's onnxruntime answers.
enum Fixtures {
  static var folder: String {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Fixtures/onnx"
  }

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The virtual environment that `make setup test` fills, or what `APUS_ONNXRUNTIME` names.
  static var library: String {
    if let path = ProcessEnvironment.variable("APUS_ONNXRUNTIME") { return path }
    let home = ProcessEnvironment.homeDirectory
    let cache =
      ProcessEnvironment.variable("APUS_CACHE")
      ?? "\(ProcessEnvironment.variable("XDG_CACHE_HOME") ?? "\(home)/.cache")/apus"
    return "\(cache)/venv-onnx"
  }

  static func options(_ settings: [String: String] = [:]) throws -> LoadOptions {
    try #require(
      Files.exists(library),
      "These tests need ONNX Runtime, which is not at \(library): run `make setup test`")
    return LoadOptions(settings: settings.merging(["onnx.library": library]) { given, _ in given })
  }

  static func load(_ name: String, settings: [String: String] = [:]) throws -> any LoadedModel {
    try ONNXRuntime().load(path: path(name), options: try options(settings))
  }

  /// The cases of `expected.json`.
  struct Case: Sendable, CustomStringConvertible {
    let model: String
    let inputs: [Tensor]
    let outputs: [Tensor]
    var description: String { "\(model) \(inputs.map(\.shape))" }
  }

  static func cases() throws -> [Case] {
    let content = try JSONValue(parsing: try Files.read(path("expected.json")))
    return try (content["cases"]?.array ?? []).map { entry in
      Case(
        model: try #require(entry["model"]?.string), inputs: try tensors(entry["inputs"]),
        outputs: try tensors(entry["outputs"]))
    }
  }

  private static func tensors(_ value: JSONValue?) throws -> [Tensor] {
    try (value?.array ?? []).map { entry in
      let name = try #require(entry["name"]?.string)
      let shape = (entry["shape"]?.array ?? []).map { Int($0.double ?? -1) }
      if let texts = entry["texts"]?.array {
        return Tensor(name: name, shape: shape, values: .strings(texts.compactMap(\.string)))
      }
      let datatype = try #require(DataType(rawValue: entry["datatype"]?.string ?? ""))
      let bytes = self.bytes(hex: entry["hex"]?.string ?? "")
      let elements = try #require(
        RawElements(datatype, count: Tensor.elementCount(of: shape) ?? -1, bytes: bytes[...]))
      return Tensor(name: name, shape: shape, values: .raw(elements))
    }
  }

  private static func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { index in
      let pair = String(decoding: digits[index...(index + 1)], as: UTF8.self)
      return UInt8(pair, radix: 16) ?? 0
    }
  }
}

extension TensorValues {
  /// In binary form, so that any two of the same bits are equal (NaN too).
  var bits: [UInt8] {
    switch self {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .int8(let values): Self.bytes(values)
    case .int16(let values): Self.bytes(values)
    case .int32(let values): Self.bytes(values)
    case .int64(let values): Self.bytes(values)
    case .uint8(let values): values
    case .uint16(let values): Self.bytes(values)
    case .uint32(let values): Self.bytes(values)
    case .uint64(let values): Self.bytes(values)
    case .float32(let values): Self.bytes(values)
    case .float64(let values): Self.bytes(values)
    case .strings(let values): values.flatMap { Array($0.utf8) + [0xff] }
    case .raw(let elements): Array(elements.bytes)
    }
  }

  private static func bytes<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }
}
