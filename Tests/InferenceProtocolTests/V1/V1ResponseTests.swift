import InferenceProtocol
import Testing

struct V1ResponseTests {
  @Test(
    "predictions are nested as their shape says",
    arguments: [
      ([3], TensorValues.int64([1, 0, 2]), "[1,0,2]"),
      ([2, 2], .float64([0.1, 2, 1e-05, 1e16]), "[[0.1,2.0],[1e-05,1e+16]]"),
      ([2], .strings(["setosa", "a\"b\n"]), "[\"setosa\",\"a\\\"b\\n\"]"),
      ([2, 1], .bool([true, false]), "[[true],[false]]"),
      ([0], .float64([]), "[]"),
      ([2, 0], .float64([]), "[[],[]]"),
      ([1, 2, 1], .uint8([1, 255]), "[[[1],[255]]]"),
    ])
  func encodes(shape: [Int], values: TensorValues, text: String) {
    let bytes = V1Response.encode([Tensor(name: "output-0", shape: shape, values: values)])
    #expect(String(decoding: bytes, as: UTF8.self) == "{\"predictions\":\(text)}")
  }

  @Test func severalOutputsBecomeOneObjectPerRow() {
    let bytes = V1Response.encode([
      Tensor(name: "label", shape: [2], values: .strings(["a", "b"])),
      Tensor(name: "p", shape: [2, 2], values: .float64([0.5, 0.5, 1, 0])),
    ])
    let expected = "{\"predictions\":[{\"label\":\"a\",\"p\":[0.5,0.5]},{\"label\":\"b\",\"p\":[1.0,0.0]}]}"
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }

  // The right column is what Python's `repr` prints.
  @Test(
    "doubles are written as Python writes them",
    arguments: [
      (1e-05, "1e-05"), (0.0001, "0.0001"), (0.00012345, "0.00012345"), (2.0, "2.0"), (-0.0, "-0.0"),
      (0.1, "0.1"),
      (1e15, "1000000000000000.0"), (9_007_199_254_740_993.0, "9007199254740992.0"),
      (9_999_999_999_999_998.0, "9999999999999998.0"), (1e16, "1e+16"),
      (12_345_678_901_234_567.0, "1.2345678901234568e+16"),
      (1e22, "1e+22"), (.leastNonzeroMagnitude, "5e-324"),
      (1.7976931348623157e308, "1.7976931348623157e+308"),
      (Double.nan, "null"), (Double.infinity, "null"),
    ])
  func writesDoubles(value: Double, text: String) {
    let bytes = V1Response.encode([Tensor(name: "o", shape: [1], values: .float64([value]))])
    #expect(String(decoding: bytes, as: UTF8.self) == "{\"predictions\":[\(text)]}")
  }

  @Test func floatsAreShownAsTheDoublesTheyAre() {
    let bytes = V1Response.encode([Tensor(name: "o", shape: [2], values: .float32([0.1, 0.5]))])
    #expect(String(decoding: bytes, as: UTF8.self) == "{\"predictions\":[0.10000000149011612,0.5]}")
  }
}
