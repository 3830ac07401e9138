import Basics
import Formats
import InferenceProtocol
import Linux
import ModelRuntime
import TreesRuntime

/// Models that the libraries wrote, and what they answer; made by `Tests/Fixtures/xgboost/make.py`.
struct BoosterFixtures {
  static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    .joined(separator: "/") + "/Fixtures/"

  let library: String
  private let expected: JSONValue

  init(_ library: String) throws {
    self.library = library
    expected = try JSONValue(parsing: try Files.read("\(Self.folder)\(library)/expected.json"))
  }

  static func bytes(_ path: String) throws -> Bytes { try Files.read(folder + path) }

  func load(_ file: String, settings: [String: String] = [:]) throws -> any LoadedModel {
    try TreesRuntime().load(
      path: "\(Self.folder)\(library)/\(file)", options: LoadOptions(settings: settings))
  }

  var rows: [Double] { numbers(expected["rows"]) }
  func answers(_ name: String) -> [Double] { numbers(expected[name]) }

  var tensor: Tensor {
    let values = rows
    return Tensor(name: "input-0", shape: [values.count / 4, 4], values: .float64(values))
  }

  private func numbers(_ value: JSONValue?) -> [Double] {
    guard let value else { return [] }
    if case .array(let elements) = value { return elements.flatMap { numbers($0) } }
    return [value.double ?? .nan]
  }
}
