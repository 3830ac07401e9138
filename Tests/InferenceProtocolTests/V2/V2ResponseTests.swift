import InferenceProtocol
import Testing

struct V2ResponseTests {
  @Test func looksAsUpstreamsAnswerDoes() {
    let bytes = V2Response.encode(
      model: "sklearn-iris", id: "42",
      outputs: [
        Tensor(name: "output-0", shape: [2], values: .int64([1, 1])),
        Tensor(name: "label", shape: [1, 2], values: .strings(["a", "b"])),
      ])
    let expected =
      "{\"model_name\":\"sklearn-iris\",\"model_version\":null,\"id\":\"42\","
      + "\"parameters\":null,\"outputs\":["
      + "{\"name\":\"output-0\",\"shape\":[2],\"datatype\":\"INT64\",\"parameters\":null,\"data\":[1,1]},"
      + "{\"name\":\"label\",\"shape\":[1,2],\"datatype\":\"BYTES\","
      + "\"parameters\":null,\"data\":[\"a\",\"b\"]}]}"
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }
}
