import Basics
import Formats
import InferenceProtocol
import Linux
import ModelRuntime
import PMMLRuntime
import Testing

/// Documents of the usual exporters and hand-written ones, against what JPMML answered for them
/// (`Tests/Fixtures/pmml/make.py`).
@Suite struct ReferenceTests {
  static let names: [String] = [
    "tree", "tree-regressor", "linear", "network", "network-regressor", "boosting-regressor", "scorecard",
    "glm", "clusters", "transformations", "logistic", "forest",
  ]

  @Test(arguments: names)
  func recordsAreScoredAsByTheReferenceImplementation(name: String) throws {
    let model = try Fixture.load("\(name).pmml")
    let cases = try JSONValue(parsing: try Files.read("\(Fixture.folder)/\(name).json")).array ?? []
    #expect(cases.count >= 16)
    for (index, entry) in cases.enumerated() {
      let record = try #require(entry["record"]?.object)
      let expected = try #require(entry["answer"]?.object)
      let inputs = record.members.map { Fixture.column($0.key, $0.value) }
      let place = "\(name) \(index): \(entry["record"]?.encodedText ?? "")"
      if let message = expected["error"]?.string {
        let error = #expect(throws: PredictError.self, "\(place)") { try model.predict(inputs) }
        if message.hasPrefix("Field ") { #expect(error == .invalidInput(message), "\(place)") }
        continue
      }
      let outputs = try model.predict(inputs)
      for (key, value) in expected.members.map({ ($0.key, $0.value) }) {
        // A prediction without a target field has no name there.
        let field = key == "None" ? "_target" : key
        guard let output = outputs.first(where: { $0.name == field }) else {
          Issue.record("\(place): no output '\(field)' among \(outputs.map(\.name))")
          continue
        }
        #expect(Fixture.isEqual(output.values, value), "\(place): \(field) is \(output.values), not \(value)")
      }
    }
  }

  @Test func manyRecordsAreScoredAtOnce() throws {
    let model = try Fixture.load("linear.pmml")
    let rows: [[Double]] = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7, 3, 6, 2]]
    let batch = try model.predict([
      Tensor(name: "input-0", shape: [3, 4], values: .float64(rows.flatMap { $0 }))
    ])
    for (index, row) in rows.enumerated() {
      let single = try model.predict([Tensor(name: "x", shape: [1, 4], values: .float64(row))])
      let all = try #require(batch[0].values.doubles())
      #expect(single[0].values.doubles() == [all[index]])
    }
  }

  /// What stands for a missing value is no outlier, whatever it is.
  @Test func aReplacementIsNotTakenForAnOutlier() throws {
    let model = try Fixture.load(
      text: """
        <PMML version="4.4"><DataDictionary><DataField name="x" optype="continuous" dataType="double"/>
        </DataDictionary><RegressionModel functionName="regression"><MiningSchema>
        <MiningField name="x" outliers="asExtremeValues" lowValue="0" highValue="50"
         missingValueReplacement="100"/></MiningSchema>
        <RegressionTable intercept="0"><NumericPredictor name="x" coefficient="1"/></RegressionTable>
        </RegressionModel></PMML>
        """)
    let outputs = try model.predict([Tensor(name: "x", shape: [2], values: .float64([.nan, 70]))])
    #expect(outputs[0].values.doubles() == [100, 50])
  }

  @Test func theSignatureNamesFieldsAndTypes() throws {
    let signature = try Fixture.load("scorecard.pmml").signature
    #expect(signature.inputs.map(\.name) == ["department", "age", "income"])
    #expect(signature.inputs.map(\.datatype) == [.bytes, .int64, .fp64])
    #expect(signature.outputs.map(\.name) == ["score", "final", "reason1", "reason2"])
  }
}

enum Fixture {
  static let folder: String = {
    let here = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return here.joined(separator: "/") + "/Fixtures/pmml"
  }()

  static func load(_ name: String) throws -> any LoadedModel {
    try PMMLRuntime().load(path: "\(folder)/\(name)", options: LoadOptions())
  }

  static func load(text: String) throws -> any LoadedModel {
    try PMMLRuntime().load(bytes: Bytes(text.utf8), path: "test.pmml")
  }

  /// A column of one row; NaN for a value that is missing.
  static func column(_ name: String, _ value: JSONValue) -> Tensor {
    if let text = value.string { return Tensor(name: name, shape: [1], values: .strings([text])) }
    return Tensor(name: name, shape: [1], values: .float64([value.double ?? .nan]))
  }

  /// Numbers bit for bit, but for the last ones where Java's library functions differ from C's.
  static func isEqual(_ values: TensorValues, _ expected: JSONValue) -> Bool {
    if case .strings(let texts) = values { return texts == [expected.string ?? ""] }
    guard let value = values.doubles()?.first else { return false }
    guard let wanted = expected.double ?? expected.string.flatMap(Double.init) else { return value.isNaN }
    return value == wanted || (value - wanted).magnitude <= 4 * max(value.ulp, wanted.ulp)
  }
}
