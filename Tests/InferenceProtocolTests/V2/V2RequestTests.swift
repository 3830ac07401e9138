import Formats
import InferenceProtocol
import TestSupport
import Testing

struct V2RequestTests {
  private func input(_ datatype: String, _ shape: String, _ data: String) -> String {
    "{\"inputs\": [{\"name\": \"x\", \"shape\": \(shape), \"datatype\": \"\(datatype)\", \"data\": \(data)}]}"
  }

  @Test(
    "each datatype is read into its own type",
    arguments: [
      ("BOOL", "[true, false, 1]", TensorValues.bool([true, false, true])),
      ("INT8", "[-128, 127, 1.0]", .int8([-128, 127, 1])),
      ("INT16", "[-32768, 0, 32767]", .int16([-32768, 0, 32767])),
      ("INT32", "[-2147483648, 0, 2147483647]", .int32([.min, 0, .max])),
      ("INT64", "[-9223372036854775808, 2e3, 9223372036854775807]", .int64([.min, 2000, .max])),
      ("UINT8", "[0, 1, 255]", .uint8([0, 1, 255])),
      ("UINT16", "[0, 1, 65535]", .uint16([0, 1, 65535])),
      ("UINT32", "[0, 1, 4294967295]", .uint32([0, 1, .max])),
      ("UINT64", "[0, 1, 18446744073709551615]", .uint64([0, 1, .max])),
      ("FP32", "[0.1, 1, -2e10]", .float32([0.1, 1, -2e10])),
      ("FP64", "[0.1, 1, 1e-300]", .float64([0.1, 1, 1e-300])),
      ("BYTES", "[\"a\", \"\", \"\\u20ac\"]", .strings(["a", "", "€"])),
    ])
  func readsDatatypes(datatype: String, data: String, values: TensorValues) throws {
    let request = try decodeV2(input(datatype, "[3]", data))
    #expect(request.inputs == [Tensor(name: "x", shape: [3], values: values)])
    #expect(values.datatype.rawValue == datatype)
  }

  @Test func dataMayBeNestedAndComeBeforeItsShape() throws {
    let nested = try decodeV2(input("FP64", "[2, 2]", "[[1, 2], [3, 4]]"))
    #expect(nested.inputs[0] == Tensor(name: "x", shape: [2, 2], values: .float64([1, 2, 3, 4])))
    let early = try decodeV2(
      "{\"inputs\": [{\"data\": [1, 2], \"datatype\": \"INT32\", \"shape\": [2, 1], \"name\": \"y\"}]}")
    #expect(early.inputs[0] == Tensor(name: "y", shape: [2, 1], values: .int32([1, 2])))
  }

  @Test func theLastOfTwoShapesOrTypesCountsForDataThatCameBefore() throws {
    let fits = try decodeV2(
      "{\"inputs\": [{\"name\": \"x\", \"shape\": [2], \"datatype\": \"FP32\", \"data\": [1, 2], "
        + "\"shape\": [1, 2], \"datatype\": \"INT64\"}]}")
    #expect(fits.inputs == [Tensor(name: "x", shape: [1, 2], values: .int64([1, 2]))])
    let error = failure { () throws(InferenceRequestError) in
      try decodeV2(
        "{\"inputs\": [{\"name\": \"x\", \"shape\": [2], \"datatype\": \"FP32\", \"data\": [1, 2], "
          + "\"shape\": [1000]}]}")
    }
    #expect(error?.message == "input 'x': 'data' has 2 elements, but shape [1000] needs 1000")
  }

  @Test func readsIdParametersAndOutputs() throws {
    let request = try decodeV2(
      """
      {"id": "42", "parameters": {"content_type": "pd"},
       "outputs": [{"name": "o", "parameters": {"binary_data": false}}],
       "inputs": [{"name": "a", "shape": [1], "datatype": "FP32", "parameters": {"x": 1}, "data": [1]},
                  {"name": "b", "shape": [1], "datatype": "BYTES", "data": ["t"]}], "extra": [1]}
      """)
    #expect(request.id == "42")
    #expect(request.parameters == ["content_type": "pd"])
    #expect(request.requestedOutputs == [V2RequestedOutput(name: "o", parameters: ["binary_data": false])])
    #expect(request.inputParameters == [["x": 1], nil])
    #expect(request.inputs.map(\.name) == ["a", "b"])
  }

  @Test func selectsTheOutputsThatWereAskedFor() throws {
    let outputs = [
      Tensor(name: "o1", shape: [1], values: .int64([1])),
      Tensor(name: "o2", shape: [1], values: .int64([2])),
    ]
    #expect(try V2Request(inputs: []).select(outputs, model: "m") == outputs)
    let one = V2Request(inputs: [], requestedOutputs: [V2RequestedOutput(name: "o2")])
    #expect(try one.select(outputs, model: "m") == [outputs[1]])
    let error = failure { () throws(InferenceRequestError) in
      try V2Request(inputs: [], requestedOutputs: [V2RequestedOutput(name: "o3")])
        .select(outputs, model: "m")
    }
    #expect(error?.message == "Unexpected inference output 'o3' for model 'm'")
  }

  @Test(
    "a wrong request is refused with the input's name and what was expected",
    arguments: [
      ("{}", "'inputs' is missing in the request for model 'm'"),
      ("{\"inputs\": []}", "'inputs' is empty in the request for model 'm'"),
      ("[]", "the request must be a JSON object with 'inputs', not a list"),
      ("{\"inputs\": {}}", "Expected \"inputs\" to be a list"),
      ("{\"inputs\": [1]}", "inputs[0] must be an object, not a number"),
      ("{\"inputs\": [{}]}", "inputs[0]: 'name' is missing"),
      ("{\"inputs\": [{\"name\": \"x\"}]}", "input 'x': 'datatype' is missing"),
      ("{\"inputs\": [{\"name\": \"x\", \"datatype\": \"FP32\"}]}", "input 'x': 'shape' is missing"),
      (
        "{\"inputs\": [{\"name\": \"x\", \"datatype\": \"FP32\", \"shape\": [1]}]}",
        "'data' field is missing for input 'x' for model 'm'"
      ),
      (
        "{\"inputs\": [{\"name\": \"x\", \"shape\": [-1]}]}",
        "input 'x': 'shape' must be a list of integers that are not negative"
      ),
      ("{\"inputs\": [{\"name\": \"x\", \"shape\": 3}]}", "input 'x': 'shape' must be a list of integers"),
      ("{\"id\": 7, \"inputs\": []}", "'id' must be a string, not a number"),
      ("{\"parameters\": [], \"inputs\": []}", "the request: 'parameters' must be an object, not array"),
    ])
  func refuses(text: String, message: String) {
    let error = failure { () throws(InferenceRequestError) in try decodeV2(text) }
    #expect(error?.message == message)
    #expect(error?.code == .invalid)
  }

  @Test(
    "wrong data is refused with the input's name",
    arguments: [
      ("FP64", "[3]", "[1, 2]", "input 'x': 'data' has 2 elements, but shape [3] needs 3"),
      ("FP64", "[2, 2]", "[[1, 2], [3]]", "input 'x' data[1]: it has 1 values where those before have 2"),
      ("INT8", "[1]", "[128]", "input 'x' data[0]: expected INT8, found 128"),
      ("INT64", "[1]", "[1.5]", "input 'x' data[0]: expected INT64, found 1.5"),
      ("UINT8", "[1]", "[-1]", "input 'x' data[0]: expected UINT8, found -1"),
      ("BOOL", "[1]", "[2]", "input 'x' data[0]: expected BOOL, found 2"),
      ("FP32", "[1]", "[1e39]", "input 'x' data[0]: expected FP32, found 1e39"),
      ("FP32", "[1]", "[\"a\"]", "input 'x' data[0]: expected FP32, found a string"),
      ("BYTES", "[1]", "[1]", "input 'x' data[0]: expected BYTES, found a number"),
      ("FP64", "[1]", "1", "input 'x': 'data' must be a list, not a number"),
      (
        "FP16", "[1]", "[1]",
        "Receiving FP16 data via JSON is not supported. Please use the binary data format for input x"
      ),
    ])
  func refusesData(datatype: String, shape: String, data: String, message: String) {
    let error = failure { () throws(InferenceRequestError) in try decodeV2(input(datatype, shape, data)) }
    #expect(error?.message == message)
  }

  @Test func unknownDatatypesAreNamedWithTheKnownOnes() throws {
    let error = try #require(
      failure { () throws(InferenceRequestError) in try decodeV2(input("FLOAT", "[1]", "[1]")) })
    #expect(error.message.hasPrefix("input 'x': unknown datatype 'FLOAT', expected one of BOOL, INT8,"))
  }

  @Test func hugeShapesAreRefusedBeforeAnythingIsRead() {
    for shape in ["[9223372036854775807, 2]", "[4294967296, 4294967296]", "[100000000000]"] {
      let error = failure { () throws(InferenceRequestError) in try decodeV2(input("FP64", shape, "[1]")) }
      #expect(error?.code == .tooLarge)
    }
  }

  @Test func truncatedAndGarbledRequestsNeverCrash() {
    let text =
      "{\"id\": \"\\u00e9\", \"inputs\": [{\"data\": [[1, 2.5e3], [3, null]], \"name\": \"x\", "
      + "\"shape\": [2, 2], \"datatype\": \"FP32\"}, {\"name\": \"y\", "
      + "\"shape\": [1], \"datatype\": \"UINT64\", "
      + "\"data\": [7]}], "
      + "\"outputs\": [{\"name\": \"o\"}], \"parameters\": {\"a\": true}}"
    var generator = SeededGenerator(seed: 7)
    for length in 0...text.utf8.count {
      _ = Array(text.utf8.prefix(length)).withUnsafeBytes { try? V2Request.decode($0, model: "m") }
    }
    for _ in 0..<4000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      _ = bytes.withUnsafeBytes { try? V2Request.decode($0, model: "m") }
    }
  }

  @Test(arguments: ["[9223372036854775807, 0]", "[0, 1099511627776]", "[4611686018427387904, 4]"])
  func dimensionsBeyondTheLimitAreRefusedEvenBesideAZero(shape: String) {
    let error = #expect(throws: InferenceRequestError.self) {
      try decodeV2(input("FP32", shape, "[]"))
    }
    #expect(error?.code == .tooLarge)
  }
}
