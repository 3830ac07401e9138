import Basics
import Formats
import Linux
import Testing

@testable import NodeAgent

/// A supervisor as a process of its own, with its events.
private final class Supervisor {
  let hub: SupervisorHub
  let link: SupervisorLink
  private var events: AsyncStream<SupervisorEvent>.Iterator

  init() throws {
    hub = try SupervisorHub()
    let (events, continuation) = AsyncStream.makeStream(of: SupervisorEvent.self)
    self.events = events.makeAsyncIterator()
    link = try SupervisorLink(command: [supervisorProgram(), "test"], environment: []) { event in
      if let event { continuation.yield(event) } else { continuation.finish() }
    }
    try hub.add(link)
  }

  func next() async -> SupervisorEvent? { await events.next() }

  func shell(_ script: String, name: String = "main", folder: String, readiness: Bool = false) throws {
    try link.send(
      .start(
        SupervisorCommand.Start(
          name: name, path: "/bin/sh", arguments: ["sh", "-c", script],
          environment: ["PATH=/usr/bin:/bin", "APUS_CONTAINER=\(name)"], directory: folder,
          logFile: "\(folder)/\(name).log", reportsReadiness: readiness)))
  }

  /// The exit of a container, past all other events.
  func exit(_ name: String = "main") async -> ChildProcess.Exit? {
    while let event = await next() {
      if case .exited(name, let code, let signal, _) = event {
        #expect(signal == 0 || code == 128 + signal)
        return ChildProcess.Exit(code: signal == 0 ? code : code - 128, signal: signal)
      }
    }
    return nil
  }

  deinit {
    link.close()
    hub.close()
  }
}

private func processes(in file: String) -> [Int32] {
  guard let bytes = try? Files.read(file) else { return [] }
  return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }
}

@Suite struct PodSupervisorTests {
  @Test func aContainersOutputGoesToItsLogWithTimeAndStream() async throws {
    try await withTemporaryFolder { folder in
      let supervisor = try Supervisor()
      try supervisor.shell("echo one; echo two >&2; printf three; exit 7", folder: folder)
      #expect(await supervisor.exit() == ChildProcess.Exit(code: 7))
      let lines = try Files.read("\(folder)/main.log").split(separator: 10).compactMap {
        LogLine(parsing: $0)
      }
      #expect(lines.count == 3)
      #expect(Set(lines.map { String(decoding: $0.content, as: UTF8.self) }) == ["one", "two", "three"])
      #expect(lines.allSatisfy { $0.timestamp != nil })
      // What ends without a newline is written without one.
      #expect(lines.filter(\.isWhole).count == 2)
    }
  }

  @Test func aProgramThatDoesNotExistIsReported() async throws {
    let supervisor = try Supervisor()
    try supervisor.link.send(
      .start(
        SupervisorCommand.Start(
          name: "main", path: "/no/such/program", arguments: ["x"], environment: [], directory: "/",
          logFile: "/tmp/never", reportsReadiness: false)))
    guard case .startFailed("main", let message) = await supervisor.next() else {
      Issue.record("the start should have failed")
      return
    }
    #expect(message == "exec /no/such/program: No such file or directory")
  }

  @Test func readinessIsReportedWhenTheProgramWritesToItsDescriptor() async throws {
    try await withTemporaryFolder { folder in
      let supervisor = try Supervisor()
      try supervisor.shell("echo ready >&3; exec sleep 60", folder: folder, readiness: true)
      guard case .started = await supervisor.next() else {
        Issue.record("not started")
        return
      }
      #expect(await supervisor.next() == .ready(name: "main"))
    }
  }

  @Test func stoppingAsksFirstAndKillsAfterTheGrace() async throws {
    try await withTemporaryFolder { folder in
      let supervisor = try Supervisor()
      try supervisor.shell(
        "trap 'exit 3' TERM; echo up >&3; while :; do sleep 0.01; done", folder: folder, readiness: true)
      while let event = await supervisor.next(), event != .ready(name: "main") {}
      try supervisor.link.send(.stop(name: "main", graceMilliseconds: 60_000))
      #expect(await supervisor.exit() == ChildProcess.Exit(code: 3))
      try supervisor.shell(
        "trap '' TERM; echo up >&3; while :; do sleep 0.01; done", name: "stubborn", folder: folder,
        readiness: true)
      while let event = await supervisor.next(), event != .ready(name: "stubborn") {}
      try supervisor.link.send(.stop(name: "stubborn", graceMilliseconds: 50))
      #expect(await supervisor.exit("stubborn")?.signal == 9)
    }
  }

  @Test func programsBesideAContainerReportOutputAndTimeouts() async throws {
    let supervisor = try Supervisor()
    func execute(_ identifier: String, _ script: String, _ timeout: Int64) throws {
      try supervisor.link.send(
        .execute(
          SupervisorCommand.Execute(
            identifier: identifier, path: "/bin/sh", arguments: ["sh", "-c", script], environment: [],
            directory: "/",
            timeoutMilliseconds: timeout)))
    }
    try execute("1", "echo no; exit 4", 60_000)
    #expect(await supervisor.next() == .executed(identifier: "1", .init(code: 4, output: "no\n")))
    try execute("2", "sleep 60", 30)
    #expect(await supervisor.next() == .executed(identifier: "2", .init(code: 137, timedOut: true)))
  }

  @Test func theEndOfAContainerEndsItsDetachedGrandchildren() async throws {
    try await withTemporaryFolder { folder in
      let supervisor = try Supervisor()
      // Left the session and lost its parent before the main process ends.
      try supervisor.shell(
        "(setsid sh -c 'echo $$ >> pids; exec sleep 600' &) ; while [ ! -s pids ]; do sleep 0.01; done",
        folder: folder)
      #expect(await supervisor.exit() == ChildProcess.Exit(code: 0))
      let left = processes(in: "\(folder)/pids")
      #expect(left.count == 1)
      #expect(await eventually { left.allSatisfy { !isAlive($0) } })
    }
  }

  @Test func nothingOutlivesTheSupervisorsInput() async throws {
    try await withTemporaryFolder { folder in
      let supervisor = try Supervisor()
      try supervisor.shell(
        """
        trap '' TERM HUP
        for i in 1 2 3; do (setsid sh -c 'trap "" TERM; echo $$ >> pids; \
        (env -i setsid sleep 600 & echo $! >> pids); \
        while :; do sleep 1; done' &); done
        echo $$ >> pids
        while [ $(wc -l < pids) -lt 7 ]; do sleep 0.01; done
        echo up >&3
        while :; do sleep 1; done
        """, folder: folder, readiness: true)
      while let event = await supervisor.next(), event != .ready(name: "main") {}
      let all = processes(in: "\(folder)/pids")
      #expect(all.count == 7)
      #expect(all.allSatisfy(isAlive))
      // As when the parent is killed: its end of the pipe closes.
      supervisor.link.close()
      while await supervisor.next() != nil {}
      #expect(all.allSatisfy { !isAlive($0) })
    }
  }

  @Test func garbageOnTheInputIsRefusedAndDoesNoHarm() async throws {
    try await withTemporaryFolder { folder in
      let input = try Pipe().release()
      let output = try Pipe().release()
      let process = try ChildProcess.start(
        ChildProcess.Request(
          path: try supervisorProgram(), arguments: ["probe"],
          descriptors: [input.reading, output.writing, nil]))
      _ = FileDescriptor(owning: input.reading)
      _ = FileDescriptor(owning: output.writing)
      let reader = FileDescriptor(owning: output.reading)
      do {
        let writer = FileDescriptor(owning: input.writing)
        let lines = [
          "nonsense", "{}", "[]", "{\"op\":\"start\"}",
          "{\"op\":\"signal\",\"name\":\"x\",\"signal\":99999999999999}",
          "{\"op\":\"stop\",\"name\":\"nobody\",\"graceMilliseconds\":-1}",
          String(repeating: "[", count: 10_000),
        ]
        try writer.writeAll(Bytes(lines.joined(separator: "\n").utf8) + [10, 0xFF, 0xFE, 10])
      }
      #expect(try process.wait() == ChildProcess.Exit(code: 0))
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
      defer { buffer.deallocate() }
      let count = try reader.read(into: buffer)
      let events = Bytes(buffer[..<count]).split(separator: 10).compactMap {
        (try? JSONValue(parsing: $0)).flatMap(SupervisorEvent.init(json:))
      }
      #expect(events.count == 7)
      for event in events {
        guard case .refused = event else {
          Issue.record("\(event) is no refusal")
          continue
        }
      }
    }
  }

  @Test func commandsAndEventsSurviveTheirEncoding() throws {
    let commands: [SupervisorCommand] = [
      .start(
        .init(
          name: "a", path: "/b", arguments: ["b", "ü\n\""], environment: ["X=1"], directory: "/",
          logFile: "/l",
          reportsReadiness: true)),
      .signal(name: "a", number: 15), .stop(name: "a", graceMilliseconds: 5),
      .execute(
        .init(
          identifier: "9", path: "/p", arguments: [], environment: [], directory: "/d",
          timeoutMilliseconds: 77)),
    ]
    for command in commands {
      #expect(SupervisorCommand(json: try JSONValue(parsing: command.line.dropLast())) == command)
    }
    let events: [SupervisorEvent] = [
      .started(name: "a", process: 5, at: Timestamp(seconds: 1_790_000_000, nanoseconds: 123_456_789)),
      .startFailed(name: "a", message: "no"), .ready(name: "a"), .refused(message: "x"),
      .exited(name: "a", code: 137, signal: 9, at: Timestamp(seconds: 1_790_000_000)),
      .executed(identifier: "1", .init(code: 1, timedOut: true, output: "o")),
    ]
    for event in events {
      #expect(SupervisorEvent(json: try JSONValue(parsing: event.line.dropLast())) == event)
    }
  }
}
