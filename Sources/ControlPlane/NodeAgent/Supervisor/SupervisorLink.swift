internal import Basics
internal import Formats
internal import Linux
internal import Synchronization

/// The agent's end of one supervisor: commands go in, events come out, and letting go ends the pod's
/// processes.
final class SupervisorLink: Sendable {
  /// Told on the hub's thread, in the order the supervisor reported; nil once it has ended.
  typealias Listener = @Sendable (SupervisorEvent?) -> Void

  let process: ChildProcess
  private let listener: Listener
  private let input: Mutex<Input?>
  private let output: FileDescriptor
  private let lines = Mutex(LineBuffer(limit: 4 * ByteCount.mebibyte))

  /// The supervisor cannot take commands any more, or not fast enough.
  struct Unreachable: Error, CustomStringConvertible {
    var description: String
  }

  /// Starts a supervisor. Blocks until it is executed.
  /// - Parameter command: the program's file and its arguments.
  init(
    command: [String], environment: [String], listener: @escaping Listener
  ) throws(LinuxError) {
    guard let path = command.first else { throw LinuxError(number: 22, call: "start", subject: "supervisor") }
    let toSupervisor = try Pipe().release()
    let supervisorInput = FileDescriptor(owning: toSupervisor.reading)
    let ownInput = FileDescriptor(owning: toSupervisor.writing)
    let fromSupervisor = try Pipe().release()
    let ownOutput = FileDescriptor(owning: fromSupervisor.reading)
    let supervisorOutput = FileDescriptor(owning: fromSupervisor.writing)
    try ownInput.setNonblocking()
    try ownOutput.setNonblocking()
    // In a group of its own: Ctrl-C in the terminal is for the parent, which then stops its pods in order.
    // Not in a session: where the kernel shares time out by sessions, a thousand pods would each weigh as
    // much as all of the control plane.
    process = try ChildProcess.start(
      ChildProcess.Request(
        path: path, arguments: command, environment: environment, workingDirectory: "/",
        descriptors: [supervisorInput.number, supervisorOutput.number, 2], group: .own))
    self.listener = listener
    output = ownOutput
    input = Mutex(Input(ownInput))
  }

  deinit { close() }

  var descriptor: Int32 { output.number }

  /// Never waits: a supervisor that does not take commands is as good as lost, and is let go.
  func send(_ command: SupervisorCommand) throws {
    let line = command.line
    let failure = input.withLock { input -> Unreachable? in
      guard let open = input else { return Unreachable(description: "the pod's supervisor has ended") }
      do throws(LinuxError) {
        try open.write(line)
        return nil
      } catch {
        // Closed at once: a half-written command must not be followed by another.
        input = nil
        return Unreachable(description: "the pod's supervisor takes no commands: \(error)")
      }
    }
    if let failure { throw failure }
  }

  /// The writing end of the supervisor's standard input.
  private final class Input: Sendable {
    private let file: FileDescriptor
    init(_ file: consuming FileDescriptor) { self.file = file }

    func write(_ bytes: Bytes) throws(LinuxError) {
      var rest = bytes[...]
      var attempts = 0
      while !rest.isEmpty {
        let count = try file.writeIfPossible(rest)
        rest = rest.dropFirst(count ?? 0)
        guard count == nil else { continue }
        // The pipe holds 64 KiB; the supervisor empties it at once unless it is stopped.
        attempts += 1
        if attempts > 400 { throw LinuxError(number: 11, call: "write", subject: "the supervisor's input") }
        var pause = PollSet()
        pause.add(file.number, reading: false, writing: true)
        _ = try pause.wait(timeout: .milliseconds(5))
      }
    }
  }

  /// Ends the supervisor's input: it kills what runs and goes.
  func close() {
    input.withLock { $0 = nil }
  }

  /// On the hub's thread, when there is output. False once the supervisor has ended.
  func readEvents(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    while true {
      do {
        let count = try output.read(into: buffer)
        if count == 0 { return false }
        lines.withLock { lines in
          lines.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line in
            guard let json = try? JSONValue(parsing: line.bytes), let event = SupervisorEvent(json: json)
            else { return }
            listener(event)
          }
        }
      } catch {
        return error.isWouldBlock
      }
    }
  }

  /// On the hub's thread, after the end of the output.
  func ended() {
    close()
    // Its output ends with the process, so that this does not wait.
    _ = try? process.wait()
    listener(nil)
  }
}

/// Reads the events of all supervisors on one thread.
final class SupervisorHub: Sendable {
  private struct State {
    var links: [UInt64: SupervisorLink] = [:]
    var next: UInt64 = 1
    var isClosed = false
  }

  private let epoll: Epoll
  private let wake: EventDescriptor
  private let state = Mutex(State())

  init() throws(LinuxError) {
    let epoll = try Epoll()
    let wake = try EventDescriptor()
    self.epoll = epoll
    self.wake = wake
    try epoll.add(wake.descriptor, .readable, registration: 0)
    try NamedThread.start("pod-events") { [self] in loop() }
  }

  func add(_ link: SupervisorLink) throws(LinuxError) {
    let registration = state.withLock { state in
      let registration = state.next
      state.next &+= 1
      state.links[registration] = link
      return registration
    }
    try epoll.add(link.descriptor, .readable, registration: registration)
  }

  /// Ends the thread. Links that are still there end with their supervisors.
  func close() {
    state.withLock { $0.isClosed = true }
    wake.signal()
  }

  private func loop() {
    let events = EpollEventBuffer()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while !state.withLock({ $0.isClosed }) {
      var ready: [UInt64] = []
      do {
        try epoll.wait(into: events, timeoutMilliseconds: -1) { _, registration in ready.append(registration)
        }
      } catch {
        return
      }
      for registration in ready {
        guard registration != 0 else {
          wake.drain()
          continue
        }
        guard let link = state.withLock({ $0.links[registration] }), !link.readEvents(buffer) else {
          continue
        }
        epoll.remove(link.descriptor)
        state.withLock { $0.links[registration] = nil }
        link.ended()
      }
    }
  }
}
