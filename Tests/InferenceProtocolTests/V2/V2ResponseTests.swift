import Formats
import InferenceProtocol
import Testing

struct V2ResponseTests {
  @Test func looksAsUpstreamsAnswerDoes() throws {
    let bytes = try V2Response.encode(
      model: "sklearn-iris", id: "42",
      outputs: [
        Tensor(name: "output-0", shape: [2], values: .int64([1, 1])),
        Tensor(name: "label", shape: [1, 2], values: .strings(["a", "b"])),
      ]
    ).body
    let expected =
      "{\"model_name\":\"sklearn-iris\",\"model_version\":null,\"id\":\"42\","
      + "\"parameters\":null,\"outputs\":["
      + "{\"name\":\"output-0\",\"shape\":[2],\"datatype\":\"INT64\",\"parameters\":null,\"data\":[1,1]},"
      + "{\"name\":\"label\",\"shape\":[1,2],\"datatype\":\"BYTES\","
      + "\"parameters\":null,\"data\":[\"a\",\"b\"]}]}"
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }

  @Test func theFormSaysWhatStandsForAbsentParameters() throws {
    let output = Tensor(name: "predict", shape: [1, 1], values: .int64([1]))
    let form = V2ResponseForm(
      modelVersion: "v1", absentParameters: .emptyObject, outputParameters: [["content_type": "np"]])
    let answer = try V2Response.encode(model: "m", id: "1", outputs: [output], form: form)
    #expect(
      String(decoding: answer.body, as: UTF8.self)
        == "{\"model_name\":\"m\",\"model_version\":\"v1\",\"id\":\"1\",\"parameters\":{},\"outputs\":["
        + "{\"name\":\"predict\",\"shape\":[1,1],\"datatype\":\"INT64\","
        + "\"parameters\":{\"content_type\":\"np\"},\"data\":[1]}]}")
    let bare = V2ResponseForm(
      absentVersion: .omitted, absentParameters: .omitted, absentOutputParameters: .omitted)
    let short = try V2Response.encode(model: "m", id: "1", outputs: [output], form: bare)
    #expect(
      String(decoding: short.body, as: UTF8.self)
        == "{\"model_name\":\"m\",\"id\":\"1\",\"outputs\":["
        + "{\"name\":\"predict\",\"shape\":[1,1],\"datatype\":\"INT64\",\"data\":[1]}]}")
  }

  @Test func binaryOutputsStandBehindTheJSONInTheirOrder() throws {
    let half = try #require(RawElements(.fp16, count: 1, bytes: [0x00, 0x3C]))
    let outputs = [
      Tensor(name: "a", shape: [2], values: .int32([1, -1])),
      Tensor(name: "b", shape: [1], values: .float64([0.5])),
      Tensor(name: "c", shape: [2], values: .strings(["x", "yz"])),
      Tensor(name: "d", shape: [1], values: .raw(half)),
    ]
    let answer = try V2Response.encode(model: "m", id: "1", outputs: outputs) { $0 != 1 }
    let length = try #require(answer.jsonBytes)
    let json = String(decoding: answer.body[..<length], as: UTF8.self)
    #expect(json.contains("\"datatype\":\"INT32\",\"parameters\":{\"binary_data_size\":8}}"))
    #expect(json.contains("\"datatype\":\"FP64\",\"parameters\":null,\"data\":[0.5]}"))
    #expect(
      Array(answer.body[length...]) == [
        1, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 120, 2, 0, 0, 0, 121, 122, 0x00, 0x3C,
      ])
  }

  @Test func halvesHaveNoJSONForm() throws {
    let half = try #require(RawElements(.fp16, count: 1, bytes: [0x00, 0x3C]))
    let error = failure { () throws(InferenceRequestError) in
      try V2Response.encode(
        model: "m", id: "1", outputs: [Tensor(name: "d", shape: [1], values: .raw(half))])
    }
    #expect(
      error?.message
        == "Sending FP16 data via JSON is not supported. Please use the binary data format for output d")
  }
}
