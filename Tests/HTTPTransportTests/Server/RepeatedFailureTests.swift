import Testing

@testable import HTTPTransport

@Suite struct RepeatedFailureTests {
  private static let tenth: UInt64 = 100_000_000

  @Test func aFailureThatGoesOnIsToldLessAndLess() {
    var failure = RepeatedFailure()
    let told = (0..<200).compactMap { failure.occurs(at: 1_000_000_000_000 + UInt64($0) * Self.tenth) }
    #expect(told == [1, 2, 4, 8, 16, 32, 64, 128])
  }

  @Test func itIsNewsAgainAfterAWhile() {
    var failure = RepeatedFailure()
    let begin: UInt64 = 1
    #expect((0..<3).map { failure.occurs(at: begin + $0) } == [1, 2, nil])
    #expect(failure.occurs(at: begin + 2 + RepeatedFailure.forgottenAfter) == 1)
    #expect(failure.occurs(at: begin + 3 + RepeatedFailure.forgottenAfter) == 2)
  }
}
