import InferenceProtocol
import TestSupport
import Testing

struct BinaryTensorTests {
  private func decode(
    _ json: String, _ tail: [UInt8], jsonBytes: Int? = nil
  ) throws(InferenceRequestError) -> V2Request {
    let body = Array(json.utf8) + tail
    let result: Result<V2Request, InferenceRequestError> = body.withUnsafeBytes { buffer in
      do throws(InferenceRequestError) {
        return .success(try V2Request.decode(buffer, jsonBytes: jsonBytes ?? json.utf8.count, model: "m"))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func input(_ name: String, _ datatype: String, _ shape: String, _ size: Int) -> String {
    "{\"name\":\"\(name)\",\"datatype\":\"\(datatype)\",\"shape\":\(shape),"
      + "\"parameters\":{\"binary_data_size\":\(size)}}"
  }

  @Test func tensorsStandBehindTheJSONInTheInputsOrder() throws {
    let text = "{\"name\":\"j\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[7]}"
    let json =
      "{\"inputs\":[\(input("a", "FP32", "[2]", 8)),\(text),\(input("b", "BYTES", "[2]", 10)),"
      + "\(input("c", "BOOL", "[2]", 2)),\(input("d", "INT16", "[0]", 0))]}"
    let request = try decode(
      json, [0, 0, 128, 63, 0, 0, 0, 192, 1, 0, 0, 0, 97, 1, 0, 0, 0, 255, 0, 2])
    #expect(request.inputs[0] == Tensor(name: "a", shape: [2], values: .float32([1, -2])))
    #expect(request.inputs[1] == Tensor(name: "j", shape: [1], values: .int64([7])))
    guard case .raw(let elements) = request.inputs[2].values else {
      Issue.record("BYTES came as \(request.inputs[2].values)")
      return
    }
    #expect(elements.textSlices == [[97], [255]])
    #expect(request.inputs[3].values == .bool([false, true]))
    #expect(request.inputs[4].values == .int16([]))
  }

  @Test(
    "every type of fixed size comes back as it went",
    arguments: [
      (TensorValues.int8([-128, 127]), 2), (.int16([-1, 300]), 4), (.int32([.min, .max]), 8),
      (.int64([.min, .max]), 16), (.uint8([0, 255]), 2), (.uint16([0, 65535]), 4), (.uint32([0, .max]), 8),
      (.uint64([0, .max]), 16), (.float64([-0.0, .infinity]), 16), (.bool([true, false]), 2),
    ])
  func roundTrip(values: TensorValues, size: Int) throws {
    var tail: [UInt8] = []
    values.appendBinary(to: &tail)
    #expect(tail.count == size && values.binarySize == size)
    let request = try decode("{\"inputs\":[\(input("x", values.datatype.rawValue, "[2,1]", size))]}", tail)
    #expect(request.inputs == [Tensor(name: "x", shape: [2, 1], values: values)])
  }

  @Test func longOutputsMayStayWhereTheyAre() throws {
    let outputs = [
      Tensor(name: "short", shape: [1], values: .float32([1])),
      Tensor(name: "long", shape: [20_000], values: .float32((0..<20_000).map { Float($0) })),
      Tensor(name: "texts", shape: [2], values: .strings(["a", "bc"])),
      Tensor(name: "truth", shape: [2], values: .bool([true, false])),
      Tensor(name: "json", shape: [1], values: .int64([5])),
    ]
    func encode(keepsLong: Bool) throws -> V2Response {
      try V2Response.encode(model: "m", id: "1", outputs: outputs, keepsLong: keepsLong) { $0 < 4 }
    }
    let whole = try encode(keepsLong: false)
    let kept = try encode(keepsLong: true)
    #expect(whole.tensors.isEmpty && kept.tensors.count == 3)
    var joined = kept.body
    for tensor in kept.tensors {
      tensor.withBinary {
        #expect($0.count == tensor.binarySize)
        joined.append(contentsOf: $0)
      }
    }
    #expect(joined == whole.body && kept.jsonBytes == whole.jsonBytes)
  }

  @Test(
    "wrong binary data is refused with the input's name",
    arguments: [
      (4, 3, "input 'x' announces 4 bytes of binary data, but only 3 are left in the body"),
      (
        3, 3,
        "input 'x': its 3 bytes of binary data are not the 4 bytes that shape [1] of FP32 needs"
      ),
      (4, 6, "2 bytes follow the binary tensors that the inputs for model 'm' announce"),
      (-1, 4, "'binary_data_size' of input 'x' must be a length in bytes"),
    ])
  func refuses(announced: Int, sent: Int, message: String) {
    let error = failure { () throws(InferenceRequestError) in
      try decode("{\"inputs\":[\(input("x", "FP32", "[1]", announced))]}", [UInt8](repeating: 0, count: sent))
    }
    #expect(error?.message == message)
    #expect(error?.code == .invalid)
  }

  @Test func aMissingOrImpossibleHeaderIsNamed() {
    let json = "{\"inputs\":[\(input("x", "FP32", "[1]", 4))]}"
    #expect(
      failure { () throws(InferenceRequestError) in try decodeV2(json) }?.message
        == "received byte inputs, but the'inference-header-content-length' header is missing.")
    let beyond = failure { () throws(InferenceRequestError) in try decode(json, [], jsonBytes: 9000) }
    #expect(beyond?.message.hasPrefix("the header 'inference-header-content-length' says 9000") == true)
    #expect(failure { () throws(InferenceRequestError) in try decode(json, [], jsonBytes: -1) } != nil)
  }

  @Test func outputsSayWhetherTheyAreWantedInBinary() throws {
    let inputs = "\"inputs\":[\(input("x", "FP32", "[0]", 0))]"
    let all = try decode("{\(inputs),\"parameters\":{\"binary_data_output\":true}}", [])
    #expect(all.wantsBinary(0) && all.wantsBinary(3))
    let some = try decode(
      "{\(inputs),\"parameters\":{\"binary_data_output\":true},\"outputs\":[{\"name\":\"a\"},"
        + "{\"name\":\"b\",\"parameters\":{\"binary_data\":false}}]}", [])
    #expect(some.wantsBinary(0) && !some.wantsBinary(1))
    #expect(some.outputNames == ["a", "b"])
  }

  @Test func oneNamedColumnBecomesAMatrix() throws {
    let column = "{\"name\":\"x\",\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1,2]}"
    let named = try decodeV2("{\"parameters\":{\"content_type\":\"pd\"},\"inputs\":[\(column)]}")
    #expect(named.modelInputs[0].shape == [2, 1])
    #expect(try decodeV2("{\"inputs\":[\(column)]}").modelInputs[0].shape == [2])
  }

  @Test func truncatedAndGarbledBodiesAreRefused() throws {
    let json = "{\"inputs\":[\(input("x", "BYTES", "[1]", 5))]}"
    let body = Array(json.utf8) + [1, 0, 0, 0, 97]
    var generator = SeededGenerator(seed: 5)
    for cut in 0..<body.count {
      let piece = Array(body[..<cut])
      let json = min(cut, json.utf8.count)
      _ = failure { () throws(InferenceRequestError) in
        try decode(String(decoding: piece[..<json], as: UTF8.self), Array(piece[json...]))
      }
      var noise = body
      noise[cut] = UInt8.random(in: 0...255, using: &generator)
      _ = failure { () throws(InferenceRequestError) in
        try decode(String(decoding: noise[..<json], as: UTF8.self), Array(noise[json...]))
      }
    }
  }
}
