import InferenceProtocol
import Testing

@testable import ModelServer

struct TensorRowsTests {
  private func raw(_ datatype: DataType, _ count: Int, _ bytes: [UInt8]) throws -> TensorValues {
    .raw(try #require(RawElements(datatype, count: count, bytes: bytes[...])))
  }

  private func text(_ text: String) -> [UInt8] {
    withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
  }

  @Test func rowsOfEveryTypeComeApartAsTheyWerePutTogether() throws {
    let samples: [TensorValues] = [
      .bool([true, false, true, true, false, true]), .int8([1, -2, 3, 4, 5, 6]), .int16([1, 2, 3, 4, 5, 6]),
      .int32([1, 2, 3, 4, 5, 6]), .int64([1, 2, 3, 4, 5, 6]), .uint8([1, 2, 3, 4, 5, 6]),
      .uint16([1, 2, 3, 4, 5, 6]), .uint32([1, 2, 3, 4, 5, 6]), .uint64([1, 2, 3, 4, 5, 6]),
      .float32([1, .infinity, -0.0, 4, 5, 6]), .float64([1, 2, 3, 4, 5, 6]),
      .strings(["a", "", "c", "dd", "ü", "f"]),
      try raw(.fp16, 6, Array(0..<12)), try raw(.bytes, 6, ["a", "", "ccc", "d", "e", "f"].flatMap(text)),
    ]
    for values in samples {
      let tensor = Tensor(name: "x", shape: [3, 2], values: values)
      let parts = try #require(TensorRows.split(tensor, rows: [1, 2]))
      #expect(parts.map(\.shape) == [[1, 2], [2, 2]])
      #expect(TensorRows.join(parts) == tensor)
    }
  }

  @Test func differentTypesDoNotJoin() {
    let one = Tensor(name: "x", shape: [1], values: .int32([1]))
    let other = Tensor(name: "x", shape: [1], values: .int64([1]))
    #expect(TensorRows.join([one, other]) == nil)
    #expect(TensorRows.join([Tensor(name: "x", shape: [], values: .int32([1]))]) == nil)
    #expect(TensorRows.join([]) == nil)
  }

  @Test func rowsThatDoNotAddUpDoNotSplit() {
    let tensor = Tensor(name: "x", shape: [3], values: .int32([1, 2, 3]))
    #expect(TensorRows.split(tensor, rows: [1, 1]) == nil)
    #expect(TensorRows.split(tensor, rows: [4]) == nil)
    #expect(TensorRows.split(Tensor(name: "x", shape: [3], values: .int32([1])), rows: [1, 2]) == nil)
    #expect(TensorRows.split(Tensor(name: "x", shape: [], values: .int32([1])), rows: [1]) == nil)
  }
}
