import Formats
import KubeClient
import Synchronization
import Testing

@testable import Commands

private struct Answering: KubeTransport {
  let warnings: [String]

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    KubeResponse(status: 200, body: .json([:]), warnings: warnings)
  }
}

@Suite struct PrintedWarningsTests {
  @Test(arguments: [
    (#"299 - "spec.x is deprecated""#, "spec.x is deprecated"),
    (#"299 - "a \"b\" \\ c""#, #"a "b" \ c"#), (#"299 kube "x" "#, #"299 kube "x" "#), ("plain", "plain"),
    ("299 - \"red\u{1B}[31m\"", "red[31m"), (#"""#, #"""#), ("", ""),
  ])
  func theSentenceIsTakenOutOfTheHeader(_ header: String, _ expected: String) {
    #expect(PrintedWarnings.text(header) == expected)
  }

  @Test func eachIsPrintedOnce() async throws {
    let printed = Mutex("")
    let transport = PrintedWarnings(Answering(warnings: [#"299 - "a""#, #"299 - "b""#])) { text in
      printed.withLock { $0 += text }
    }
    for _ in 0..<3 {
      _ = try await transport.send(KubeRequest(method: "POST", path: "/x"))
    }
    #expect(printed.withLock { $0 } == "Warning: a\nWarning: b\n")
  }
}
