import Basics
import Linux
import Testing

/// A shell script as a child; its output, read to the end, and how it ended.
private func run(
  _ script: String, environment: [String] = [], directory: String? = nil
) throws -> (output: String, exit: ChildProcess.Exit) {
  let pipe = try Pipe().release()
  let reading = FileDescriptor(owning: pipe.reading)
  let writing = FileDescriptor(owning: pipe.writing)
  let process = try ChildProcess.start(
    ChildProcess.Request(
      path: "/bin/sh", arguments: ["sh", "-c", script], environment: environment, workingDirectory: directory,
      descriptors: [nil, writing.number, writing.number]))
  close(writing)
  var bytes = Bytes()
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
  defer { buffer.deallocate() }
  while true {
    let count = try reading.read(into: buffer)
    if count == 0 { break }
    bytes.append(contentsOf: buffer[..<count])
  }
  return (String(decoding: bytes, as: UTF8.self), try process.wait())
}

private func close(_ descriptor: consuming FileDescriptor) {}

/// One after the other: a child holds its parent's descriptors until it has executed its program.
@Suite(.serialized) struct ProcessTests {
  @Test func aChildGetsExactlyWhatIsNamed() throws {
    let result = try run(
      "echo $A; pwd; env | wc -l", environment: ["A=b c", "PATH=/usr/bin:/bin"], directory: "/usr")
    let lines = result.output.split(separator: "\n")
    #expect(lines.prefix(2) == ["b c", "/usr"])
    // The shell adds PWD and a few of its own, nothing of this process.
    #expect(lines.count == 3)
    #expect(result.exit == ChildProcess.Exit(code: 0))
  }

  @Test func descriptorsThatAreNotNamedDoNotReachTheChild() throws {
    let extra = try Pipe().release()
    defer {
      close(FileDescriptor(owning: extra.reading))
      close(FileDescriptor(owning: extra.writing))
    }
    let result = try run("ls /proc/self/fd | wc -l", environment: ["PATH=/usr/bin:/bin"])
    // 0, 1, 2 and the folder that ls reads.
    #expect(result.output == "4\n")
  }

  @Test func exitCodesAndSignalsAreToldApart() throws {
    #expect(try run("exit 7").exit == ChildProcess.Exit(code: 7))
    let killed = try run("kill -9 $$").exit
    #expect(killed.signal == 9)
    #expect(killed.code == 137)
  }

  @Test func aProgramThatCannotBeStartedNamesItselfAndTheCause() {
    let cases: [(path: String, directory: String?, number: Int32)] = [
      ("/no/such/program", nil, 2), ("/etc/passwd", nil, 13), ("/bin/sh", "/no/dir", 2),
    ]
    for (path, directory, number) in cases {
      let error = #expect(throws: LinuxError.self) {
        _ = try ChildProcess.start(
          ChildProcess.Request(path: path, arguments: ["x"], workingDirectory: directory, descriptors: []))
      }
      #expect(error?.number == number)
      #expect(error?.subject == path)
    }
  }

  @Test func aPidDescriptorTellsTheEnd() throws {
    let process = try ChildProcess.start(
      ChildProcess.Request(path: "/bin/sleep", arguments: ["sleep", "600"], descriptors: [nil, nil, nil]))
    let watched = try PidDescriptor(process: process.identifier)
    var polled = PollSet()
    polled.add(watched.descriptor.number)
    #expect(try polled.wait(timeout: .zero).isEmpty)
    #expect(Signal.kill.send(to: process.identifier))
    #expect(try polled.wait(timeout: .seconds(20)).map(\.canRead) == [true])
    #expect(try process.wait().signal == 9)
    #expect(!Signal.terminate.send(to: process.identifier))
  }

  @Test func theProcessTableKnowsChildrenAndEnvironments() throws {
    let mark = "APUS_TEST_MARK=\(SystemRandom().uuid())"
    let process = try ChildProcess.start(
      ChildProcess.Request(
        path: "/bin/sleep", arguments: ["sleep", "600"], environment: [mark], descriptors: [nil, nil, nil]))
    let own = ProcessEnvironment.processIdentifier
    #expect(ProcessTable.children(of: own).contains(process.identifier))
    #expect(ProcessTable.descendants(of: own).contains(process.identifier))
    #expect(ProcessTable.processes(withEnvironment: mark) == [process.identifier])
    #expect(ProcessTable.residentBytes(of: process.identifier) > 0)
    Signal.kill.send(toGroup: process.identifier)
    try process.wait()
    #expect(ProcessTable.residentBytes(of: process.identifier) == 0)
    #expect(ProcessTable.environment(of: process.identifier).isEmpty)
  }

  @Test func signalsNeverGoToInitOrToWholeGroupsByMistake() {
    for process: Int32 in [1, 0, -1, Int32.min] {
      #expect(!Signal.terminate.send(to: process))
      #expect(!Signal.terminate.send(toGroup: process))
    }
    #expect(Signal(name: "SIGTERM") == .terminate)
    #expect(Signal(name: "KILL") == .kill)
    #expect(Signal(name: "NOPE") == nil)
  }

  @Test func aFullPipeTakesNothingAndDoesNotWait() throws {
    let pipe = try Pipe().release()
    let reading = FileDescriptor(owning: pipe.reading)
    let writing = FileDescriptor(owning: pipe.writing)
    try writing.setNonblocking()
    let piece = Bytes(repeating: 1, count: 4096)
    var taken = 0
    while let count = try writing.writeIfPossible(piece[...]) { taken += count }
    #expect(taken >= 4096)
    try reading.setNonblocking()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    defer { buffer.deallocate() }
    #expect(try reading.read(into: buffer) == 4096)
    #expect(try writing.writeIfPossible(piece[...]) == 4096)
  }

  @Test func aNameIsHeldOnceAndFreeAfterwards() throws {
    let name = "apus-test-\(SystemRandom().uuid())"
    var holder: HeldName? = try HeldName(name)
    let refused = #expect(throws: LinuxError.self) { _ = try HeldName(name) }
    #expect(refused?.isAddressInUse == true)
    withExtendedLifetime(holder) {}
    holder = nil
    #expect(throws: Never.self) { _ = try HeldName(name) }
  }
}
