import KubeProtocol
import ServingAPI
import ServingControllers
import Testing

@testable import Commands

@Suite struct WhyTextTests {
  private let refused = Explanation(
    refused: FailureCause(.accessDenied, value: "gs://b/m", "the store says no", fix: "ask for a key"),
    kind: "InferenceService", name: "iris", namespace: "team")

  @Test func aPipeGetsPlainTextThatEndsInCauseAndFix() {
    let text = WhyText(style: .plain).render(refused, showsRuntimes: false)
    #expect(!text.contains("\u{1B}"))
    #expect(text.hasPrefix("FAILED  InferenceService iris"))
    #expect(
      text.hasSuffix("Code:  AccessDenied  gs://b/m\nCause: The store says no.\nFix:   Ask for a key.\n"))
  }

  @Test func aTerminalGetsColorsAndWrappedLines() {
    var long = refused
    long.cause?.cause = String(repeating: "word ", count: 60)
    let text = WhyText(style: TerminalStyle(isPlain: false, width: 80)).render(long, showsRuntimes: false)
    #expect(text.contains("\u{1B}[31m"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count < 110 })
  }

  @Test func aHealthyServiceIsSaidToBeSo() {
    let healthy = Explanation(configMap: nil, name: "inferenceservice-config", namespace: "kserve")
    #expect(WhyText(style: .plain).render(healthy, showsRuntimes: false).contains("Nothing is wrong"))
  }
}
