import Basics
import InferenceProtocol
import Linux
import ModelRuntime
import PMMLRuntime
import Testing

@Suite struct DamagedDocumentTests {
  static let small: [String] = ["scorecard", "glm", "clusters", "forest", "logistic"]

  @Test(arguments: small)
  func aDocumentCutAnywhereIsAnError(name: String) throws {
    let bytes = try Files.read("\(Fixture.folder)/\(name).pmml")
    for count in stride(from: 0, to: bytes.count - 8, by: 7) {
      let error = #expect(throws: ModelLoadError.self, "\(name) cut at \(count)") {
        _ = try PMMLRuntime().load(bytes: Bytes(bytes[..<count]), path: name)
      }
      #expect(error?.code == .corrupt, "\(name) cut at \(count)")
    }
  }

  @Test(arguments: small + ["transformations", "network"])
  func changedBytesGiveAnErrorOrAnotherModel(name: String) throws {
    let original = try Files.read("\(Fixture.folder)/\(name).pmml")
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SystemRandomNumberGenerator()
    let alphabet = Bytes("0123456789.-<>/=\"abcdefxyEN ".utf8)
    for round in 0..<300 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] =
          alphabet.randomElement(using: &generator) ?? 0
      }
      do {
        let model = try PMMLRuntime().load(bytes: bytes, path: "m.pmml")
        let width = model.signature.inputs.count
        let values = (0..<2 * width).map { Double($0) - 1.5 }
        _ = try? model.predict([Tensor(name: "x", shape: [2, width], values: .float64(values))])
      } catch {
        #expect(!error.message.isEmpty, "\(name) round \(round), seed \(seed)")
      }
    }
  }

  @Test(arguments: ["0", "1.5", "-1", "255555555555555555555555555555", "NaN"])
  func aReasonsRankIsAWholeNumber(rank: String) throws {
    let text = String(decoding: try Files.read("\(Fixture.folder)/scorecard.pmml"), as: UTF8.self)
    let parts = text.split(separator: "rank=\"2\"")
    #expect(parts.count == 2)
    let error = #expect(throws: ModelLoadError.self) {
      try Fixture.load(text: parts.joined(separator: "rank=\"\(rank)\""))
    }
    #expect(error?.code == .corrupt)
  }

  @Test func entitiesAreRefused() {
    let bomb = """
      <?xml version="1.0"?><!DOCTYPE PMML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><PMML>&b;</PMML>
      """
    let error = #expect(throws: ModelLoadError.self) { try Fixture.load(text: bomb) }
    #expect(error?.message.contains("document type declaration") == true)
  }

  @Test func deepNestingIsRefused() {
    let text = String(repeating: "<a>", count: 5000)
    let error = #expect(throws: ModelLoadError.self) { try Fixture.load(text: text) }
    #expect(error?.message.contains("nested deeper") == true)
  }

  @Test func functionsThatDoubleThemselvesAreBounded() {
    var functions =
      "<DefineFunction name=\"f0\"><ParameterField name=\"a\"/><FieldRef field=\"a\"/></DefineFunction>"
    for index in 1...60 {
      let call = "<Apply function=\"f\(index - 1)\"><FieldRef field=\"a\"/></Apply>"
      functions += """
        <DefineFunction name="f\(index)"><ParameterField name="a"/><Apply function="+">\(call)\(call)</Apply>\
        </DefineFunction>
        """
    }
    let error = #expect(throws: ModelLoadError.self) {
      try Fixture.load(text: document(functions, "<Apply function=\"f60\"><FieldRef field=\"x\"/></Apply>"))
    }
    #expect(error?.message.contains("without end") == true)
  }

  @Test func nestedCallsAreComputedOnce() throws {
    let functions = """
      <DefineFunction name="twice"><ParameterField name="a"/><Apply function="+"><FieldRef field="a"/>\
      <FieldRef field="a"/></Apply></DefineFunction>
      """
    var expression = "<FieldRef field=\"x\"/>"
    for _ in 0..<60 { expression = "<Apply function=\"twice\">\(expression)</Apply>" }
    let model = try Fixture.load(text: document(functions, expression))
    let output = try model.predict([Tensor(name: "x", shape: [1], values: .float64([1]))])
    #expect(output[0].values.doubles() == [0x1p60])
  }

  @Test func fieldsDefinedInACircleAreAnErrorOfTheRequest() throws {
    let model = try Fixture.load(text: document("", "<FieldRef field=\"d\"/>"))
    let error = #expect(throws: PredictError.self) {
      try model.predict([Tensor(name: "x", shape: [1], values: .float64([1]))])
    }
    #expect(error == .invalidInput("The model's derived fields are defined in a circle"))
  }

  @Test(arguments: [
    ("<PMML/>", "holds no model"),
    ("<PMML><SupportVectorMachineModel functionName=\"regression\"/></PMML>", "SupportVectorMachineModel"),
    ("<html/>", "not 'PMML'"),
    ("no xml", "well-formed"),
  ])
  func whatCannotBeServedIsNamed(text: String, reason: String) {
    let error = #expect(throws: ModelLoadError.self) { try Fixture.load(text: text) }
    #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
  }

  private func document(_ functions: String, _ expression: String) -> String {
    """
    <PMML version="4.4"><DataDictionary><DataField name="x" optype="continuous" dataType="double"/>
    </DataDictionary><TransformationDictionary>\(functions)
    <DerivedField name="d" optype="continuous" dataType="double">\(expression)\
    </DerivedField></TransformationDictionary>
    <RegressionModel functionName="regression"><MiningSchema><MiningField name="x"/></MiningSchema>
    <RegressionTable intercept="0"><NumericPredictor name="d" coefficient="1"/></RegressionTable>
    </RegressionModel>
    </PMML>
    """
  }
}
