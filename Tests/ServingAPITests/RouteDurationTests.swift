import Formats
import KubeProtocol
import ServingAPI
import Testing

@Suite struct RouteDurationTests {
  private static let written: [(Int64, String)] = [
    (0, "0s"), (5, "5s"), (60, "60s"), (99_999, "99999s"), (100_000, "27h46m40s"), (360_000, "100h"),
    (100_020, "27h47m"), (100_801, "28h1s"), (359_999_999, "99999h59m59s"),
    (360_000_000, "99999h59m59s"), (Int64.max, "99999h59m59s"), (-1, "0s"),
  ]

  @Test(arguments: written)
  func everyNumberHasAtMostFiveDigits(_ seconds: Int64, _ text: String) {
    #expect(RouteDuration.text(seconds: seconds) == text)
  }

  private func causes(_ timeout: Int64) throws -> [KubeError.Cause] {
    InferenceServiceValidation.causes(
      InferenceServiceDefaults.apply(
        to: try makeService(#"{"predictor":{"timeout":\#(timeout),"sklearn":{"storageUri":"gs://b/m"}}}"#),
        configuration: embedded))
  }

  @Test func whatCannotBeWrittenIsRefusedWithTheBound() throws {
    #expect(try causes(359_999_999).isEmpty)
    let cause = try #require(try causes(360_000_000).first)
    #expect(cause.field == "spec.predictor.timeout")
    #expect(cause.message.contains("at most 359999999 seconds"))
  }
}
