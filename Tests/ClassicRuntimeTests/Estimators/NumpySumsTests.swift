@testable internal import ClassicRuntime
internal import Testing

@Suite("numpy's sums")
struct NumpySumsTests {
  private func sum(_ values: [Double]) -> Double { values.withUnsafeBufferPointer { NumpySums.sum($0) } }

  @Test("Sums have numpy's order, told by values whose order shows")
  func order() {
    // From eight elements on numpy adds ((0+1)+(2+3))+((4+5)+(6+7)), where both ones are lost; in a row only
    // one is.
    let seven: [Double] = [1e16, 1, -1e16, 1, 0, 0, 0]
    #expect(sum(seven) == 1)
    #expect(sum(seven + [0]) == 0)
    #expect(sum((0..<1000).map { Double($0) }) == 499_500)
    #expect(sum([]).sign == .plus)
  }

  @Test("The first of equal largest values wins")
  func argmax() {
    #expect([1.0, 3, 3, 2].withUnsafeBufferPointer { NumpySums.argmax($0) } == 1)
    #expect([0.0, -0.0].withUnsafeBufferPointer { NumpySums.argmax($0) } == 0)
  }
}
