internal import Basics
internal import Formats
internal import Linux

/// One running interpreter with its pipes and shared memory. Belongs to one thread; killed at the end of its
/// life, and by the kernel when that thread ends.
final class PythonProcess {
  enum Event {
    /// A message lies in `outputs`.
    case message(WorkerMessage.Place)
    case exited(ChildProcess.Exit)
    /// Somebody called for the thread.
    case woken
    case timeout
  }

  let child: ChildProcess
  let inputs: FileDescriptor
  let outputs: FileDescriptor
  private let requests: FileDescriptor
  private let answers: FileDescriptor
  private let output: FileDescriptor
  private let pid: PidDescriptor
  private var lines: OutputLines
  private var hasExited = false
  private var outputEnded = false

  /// - Parameter script: a memory file with the program.
  init(
    interpreter: String, script: borrowing Linux.FileDescriptor, log: @escaping (String) -> Void
  ) throws(LinuxError) {
    let requestPipe = try Pipe()
    let answerPipe = try Pipe()
    let outputPipe = try Pipe()
    inputs = try MemoryFile.create("apus-inputs")
    outputs = try MemoryFile.create("apus-outputs")
    let environment = ProcessEnvironment.all()
      .filter { !$0.name.hasPrefix("APUS_") && $0.name != "PYTHONUNBUFFERED" }
      .map { "\($0.name)=\($0.value)" }
    child = try ChildProcess.start(
      ChildProcess.Request(
        path: interpreter, arguments: [interpreter, "/proc/self/fd/7"],
        environment: environment + ["PYTHONUNBUFFERED=1"],
        descriptors: [
          nil, outputPipe.writing.number, outputPipe.writing.number, requestPipe.reading.number,
          answerPipe.writing.number, inputs.number, outputs.number, script.number,
        ],
        group: .own))
    lines = OutputLines(log)
    do {
      pid = try PidDescriptor(process: child.identifier)
    } catch {
      Signal.kill.send(toGroup: child.identifier)
      _ = try? child.wait()
      throw error
    }
    requests = FileDescriptor(owning: Self.keepWriting(requestPipe))
    answers = FileDescriptor(owning: Self.keepReading(answerPipe))
    output = FileDescriptor(owning: Self.keepReading(outputPipe))
    try output.setNonblocking()
  }

  deinit {
    if !hasExited {
      Signal.kill.send(toGroup: child.identifier)
      _ = try? child.wait()
    }
  }

  /// The other end belongs to the child alone, so that its death is an end of file here.
  private static func keepReading(_ pipe: consuming Pipe) -> Int32 {
    let ends = pipe.release()
    _ = FileDescriptor(owning: ends.writing)
    return ends.reading
  }

  private static func keepWriting(_ pipe: consuming Pipe) -> Int32 {
    let ends = pipe.release()
    _ = FileDescriptor(owning: ends.reading)
    return ends.writing
  }

  /// The last line that the program wrote, for messages about its end.
  var lastLine: String? { lines.last }

  /// Tells the worker where its next message lies. Never blocks: a bell is 16 bytes, and only one is under
  /// way.
  func ring(_ place: WorkerMessage.Place) throws(LinuxError) {
    var bell = [UInt64(place.offset), UInt64(place.length)]
    let failure: LinuxError? = bell.withUnsafeMutableBytes { bytes in
      do throws(LinuxError) {
        try requests.writeAll(UnsafeRawBufferPointer(bytes))
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Waits for whatever comes first; lines that the program writes go to the log meanwhile.
  func next(wake: EventDescriptor, until deadline: Duration?) throws(LinuxError) -> Event {
    let clock = SystemClock()
    while true {
      var set = PollSet()
      set.add(answers.number)
      set.add(pid.descriptor.number)
      set.add(wake.descriptor)
      if !outputEnded { set.add(output.number) }
      let timeout = deadline.map { max(.zero, $0 - clock.monotonicNow()) }
      let ready = try set.wait(timeout: timeout)
      let readable = Set(ready.filter(\.canRead).map(\.descriptor))
      if readable.contains(output.number) { readOutput() }
      if readable.contains(answers.number), let place = try readBell() { return .message(place) }
      if readable.contains(pid.descriptor.number) { return .exited(try reap()) }
      if readable.contains(wake.descriptor) {
        wake.drain()
        return .woken
      }
      if let deadline, clock.monotonicNow() >= deadline { return .timeout }
    }
  }

  /// - Returns: nil at the end of the pipe: the process ends too then.
  private func readBell() throws(LinuxError) -> WorkerMessage.Place? {
    var bell: [UInt64] = [0, 0]
    let result: Result<Int, LinuxError> = bell.withUnsafeMutableBytes { bytes in
      do throws(LinuxError) {
        return .success(try answers.read(into: bytes))
      } catch {
        return .failure(error)
      }
    }
    guard try result.get() == 16 else {
      // Half a bell or none: user code closed or wrote to what is not its own.
      Signal.kill.send(toGroup: child.identifier)
      return nil
    }
    return WorkerMessage.Place(offset: Int(clamping: bell[0]), length: Int(clamping: bell[1]))
  }

  private func readOutput() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      do {
        let count = try output.read(into: buffer)
        if count == 0 {
          outputEnded = true
          return
        }
        lines.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      } catch {
        if !error.isWouldBlock { outputEnded = true }
        return
      }
    }
  }

  private func reap() throws(LinuxError) -> ChildProcess.Exit {
    hasExited = true
    let exit = try child.wait()
    if !outputEnded { readOutput() }
    lines.finish()
    // What the worker started itself ends with it.
    Signal.kill.send(toGroup: child.identifier)
    return exit
  }
}

/// A program's output as lines, each told once; overlong ones are cut.
struct OutputLines {
  private static let maximumLine = 4096
  private var pending: Bytes = []
  private(set) var last: String?
  private let log: (String) -> Void

  init(_ log: @escaping (String) -> Void) { self.log = log }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        finish()
      } else if pending.count < Self.maximumLine {
        pending.append(byte)
      }
    }
  }

  mutating func finish() {
    guard !pending.isEmpty else { return }
    let line = String(decoding: pending, as: UTF8.self)
    pending = []
    if line.contains(where: { !$0.isWhitespace }) { last = line }
    log(line)
  }
}
