internal import InferenceProtocol
internal import Testing

@Suite struct TensorValuesTests {
  @Test(arguments: [
    TensorValues.bool([true, false]), .int8([1, 0]), .int16([1, 0]), .int32([1, 0]), .int64([1, 0]),
    .uint8([1, 0]),
    .uint16([1, 0]), .uint32([1, 0]), .uint64([1, 0]), .float32([1, 0]), .float64([1, 0]),
  ])
  func everyNumericTypeBecomesDoublesByValue(values: TensorValues) {
    #expect(values.doubles() == [1, 0])
  }

  @Test func theLargestUnsignedIntegersAreValuesNotBitPatterns() {
    #expect(TensorValues.uint64([UInt64.max, 7]).doubles() == [18_446_744_073_709_551_616, 7])
    #expect(TensorValues.uint32([UInt32.max]).doubles() == [4_294_967_295])
  }
}
