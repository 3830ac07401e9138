import APIServer
import Basics
import Formats
import HTTPTransport
import KubeClient
import KubeProtocol
import Linux
import Synchronization
import Testing

@testable import NodeAgent

/// A client's streams in memory.
private final class TestStreams: RemoteStreams {
  private let input: Mutex<[Bytes]>
  private let written = Mutex<(output: Bytes, error: Bytes)>(([], []))
  private let endsInput: Bool

  init(_ input: [String] = [], endsInput: Bool = true) {
    self.input = Mutex(input.map { Bytes($0.utf8) })
    self.endsInput = endsInput
  }

  var output: String { written.withLock { String(decoding: $0.output, as: UTF8.self) } }
  var error: String { written.withLock { String(decoding: $0.error, as: UTF8.self) } }

  func readInput() async -> Bytes? {
    if let bytes = input.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return bytes }
    if endsInput { return nil }
    try? await Task.sleep(for: .seconds(3600))
    return nil
  }

  func writeOutput(_ bytes: Bytes) async -> Bool {
    written.withLock { $0.output += bytes }
    return true
  }

  func writeError(_ bytes: Bytes) async -> Bool {
    written.withLock { $0.error += bytes }
    return true
  }

  func nextSize() async -> TerminalSize? { nil }
}

@Suite struct ExecTests {
  private static let spec = #"""
    {"containers":[{"name":"main","image":"local/sleep","command":["sleep","600"],"env":[{"name":"A","value":"1"}],
     "volumeMounts":[{"name":"v","mountPath":"/mnt/v"}]}],"volumes":[{"name":"v","emptyDir":{}}],
     "terminationGracePeriodSeconds":0}
    """#

  private func run(_ body: (TestNode, KubeObject) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let node = try await TestNode(folder: folder)
      do {
        try await node.create("p", Self.spec)
        _ = try await node.wait("p") { $0.at("status", "phase") == "Running" }
        let pod = try await node.client.get(.pods, namespace: "default", name: "p")
        try await body(node, pod)
      } catch {
        await node.stop()
        throw error
      }
      await node.stop()
    }
  }

  private func request(_ command: [String], input: Bool = false, terminal: Bool = false) -> ExecRequest {
    var request = ExecRequest(container: "main", command: command)
    request.hasInput = input
    request.hasOutput = true
    request.hasError = !terminal
    request.isTerminal = terminal
    return request
  }

  @Test func aProgramRunsInTheContainersEnvironment() async throws {
    try await run { node, pod in
      let streams = TestStreams()
      let code = try await node.agent.execute(
        pod: pod, request(["sh", "-c", "echo $A > /mnt/v/x; cat /mnt/v/x; echo bad >&2; exit 7"]), streams)
      #expect(code == 7)
      #expect(streams.output == "1\n")
      #expect(streams.error == "bad\n")
    }
  }

  @Test func inputAndOutputOfAnyLengthGoThrough() async throws {
    try await run { node, pod in
      let text = String(repeating: "0123456789", count: 60_000)
      let streams = TestStreams([text, "end"])
      let code = try await node.agent.execute(pod: pod, request(["cat"], input: true), streams)
      #expect(code == 0)
      #expect(streams.output == text + "end")
    }
  }

  @Test func aTerminalIsOneStreamAndControlsItsSession() async throws {
    try await run { node, pod in
      let streams = TestStreams(["tty; echo over >&2; exit 5\n"], endsInput: false)
      let code = try await node.agent.execute(
        pod: pod, request(["sh"], input: true, terminal: true), streams)
      #expect(code == 5)
      #expect(streams.output.contains("/dev/pts/"))
      #expect(streams.output.contains("over"))
    }
  }

  @Test func aProgramThatIsNotThereIsNamed() async throws {
    try await run { node, pod in
      let error = await #expect(throws: KubeError.self) {
        _ = try await node.agent.execute(pod: pod, request(["no-such-program"]), TestStreams())
      }
      #expect(error?.message.contains("no-such-program") == true)
      let unknown = await #expect(throws: KubeError.self) {
        var wish = request(["true"])
        wish.container = "other"
        _ = try await node.agent.execute(pod: pod, wish, TestStreams())
      }
      #expect(unknown?.message == "unable to upgrade connection: container not found (\"other\")")
    }
  }

  @Test func aClientThatLeavesEndsItsProgram() async throws {
    try await run { node, pod in
      let streams = TestStreams([], endsInput: false)
      let (agent, wish) = (node.agent, request(["sh", "-c", "echo $$; exec sleep 600"], input: true))
      let task = Task { try await agent.execute(pod: pod, wish, streams) }
      #expect(await eventually { streams.output.hasSuffix("\n") })
      let process = Int32(streams.output.dropLast()) ?? 0
      #expect(isAlive(process))
      task.cancel()
      _ = await task.result
      #expect(await eventually { !isAlive(process) })
      let folder = "\(node.folder)/pods/\(pod.uid)"
      #expect(await eventually { (try? Files.list(folder))?.contains { $0.hasPrefix("exec-") } == false })
    }
  }
}
