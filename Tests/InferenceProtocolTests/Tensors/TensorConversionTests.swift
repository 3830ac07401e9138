import InferenceProtocol
import Testing

struct TensorConversionTests {
  @Test(
    "elements are converted as numpy's astype does",
    arguments: [
      (TensorValues.int64([1, -2]), DataType.fp64, TensorValues.float64([1, -2])),
      (.float64([1.9, -1.9]), .int32, .int32([1, -1])),
      (.float64([0, 0.5]), .bool, .bool([false, true])),
      (.bool([true, false]), .uint8, .uint8([1, 0])),
      (.float64([0.1]), .fp32, .float32([0.1])),
      (.uint8([200]), .int64, .int64([200])),
    ])
  func converts(values: TensorValues, datatype: DataType, expected: TensorValues) {
    #expect(values.converted(to: datatype) == expected)
  }

  @Test(
    "what has no form in the other type is nil",
    arguments: [
      (TensorValues.int64([300]), DataType.uint8), (.float64([.nan]), .int64), (.strings(["1"]), .fp64),
      (.float64([1]), .bytes), (.float64([1]), .fp16), (.float64([1e300]), .int64),
    ])
  func refuses(values: TensorValues, datatype: DataType) {
    #expect(values.converted(to: datatype) == nil)
  }

  @Test func elementCountsNeverOverflow() {
    #expect(Tensor.elementCount(of: [2, 3]) == 6)
    #expect(Tensor.elementCount(of: []) == 1)
    #expect(Tensor.elementCount(of: [Int.max, 2]) == nil)
    #expect(Tensor.elementCount(of: [-1]) == nil)
  }
}
