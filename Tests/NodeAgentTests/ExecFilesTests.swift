import APIServer
import Basics
import Linux
import Testing

@testable import NodeAgent

@Suite struct ExecFilesTests {
  @Test func inputThatEndsBeforeTheProgramOpensItIsKeptAndEnds() async throws {
    try await withTemporaryFolder { folder in
      var request = ExecRequest(container: "main", command: ["cat"])
      request.hasInput = true
      let files = try ExecFiles("\(folder)/exec", request)
      #expect(files.input?.write(Bytes("all of it".utf8)[...]) == 9)
      files.closeInput()
      let path = try #require(files.streams.input)
      let program = ExecFiles.End(try NamedPipe.openWaitingReader(path))
      #expect(program.read(64) == Bytes("all of it".utf8))
      #expect(program.read(64).isEmpty)
      try files.remove()
      #expect(!Files.exists("\(folder)/exec"))
    }
  }

  @Test func whatAKilledAgentLeftIsReplaced() async throws {
    try await withTemporaryFolder { folder in
      var request = ExecRequest(container: "main", command: ["cat"])
      (request.hasInput, request.hasOutput) = (true, true)
      let left = try ExecFiles("\(folder)/exec", request)
      #expect(left.input?.write(Bytes("old".utf8)[...]) == 3)
      let files = try ExecFiles("\(folder)/exec", request)
      files.closeInput()
      let path = try #require(files.streams.input)
      #expect(ExecFiles.End(try NamedPipe.openWaitingReader(path)).read(64).isEmpty)
      try files.remove()
    }
  }

  @Test func aWriterWhoseClientHasGoneFailsAtOnce() async throws {
    try await withTemporaryFolder { folder in
      var request = ExecRequest(container: "main", command: ["true"])
      request.hasOutput = true
      let files = try ExecFiles("\(folder)/exec", request)
      let path = try #require(files.streams.output)
      files.output?.close()
      #expect(throws: LinuxError.self) { _ = try NamedPipe.openWaitingWriter(path) }
      try files.remove()
    }
  }
}
