internal import Basics
internal import ClassicRuntime
internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// The model files in `Tests/Fixtures/sklearn`, written by `make.py` there, and what scikit-learn predicts
/// with them.
enum Fixtures {
  static let versions = ["1.1.3", "1.2.2", "1.5.2", "1.9.1"]

  static var folder: String {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Fixtures/sklearn"
  }

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> Bytes { try Files.read(path(name)) }

  static func load(_ name: String, predictsProbabilities: Bool = false) throws -> any LoadedModel {
    try ClassicRuntime().load(
      path: path(name), options: LoadOptions(predictsProbabilities: predictsProbabilities))
  }

  /// `expected-<version>.json`.
  static func expected(_ version: String) throws -> JSONValue {
    try JSONValue(parsing: try bytes("expected-\(version).json"))
  }

  static func rows(_ expected: JSONValue) -> Tensor {
    let rows = expected["rows"]?.array ?? []
    let values = rows.flatMap { $0.array ?? [] }.map { $0.double ?? .nan }
    return Tensor(
      name: "input-0", shape: [rows.count, values.count / max(rows.count, 1)], values: .float64(values))
  }

  /// Numbers of any nesting, in order.
  static func numbers(_ value: JSONValue?) -> [Double] {
    switch value {
    case .array(let items)?: items.flatMap { numbers($0) }
    case .number(let number)?: [number.double]
    default: []
    }
  }

  static func strings(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }
}
