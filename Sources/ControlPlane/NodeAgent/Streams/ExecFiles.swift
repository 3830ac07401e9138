internal import APIServer
internal import Basics
internal import Linux
internal import Synchronization

/// The agent's ends of a client's program: a folder with FIFOs, or a terminal. Made and removed on a thread
/// that may block; reads and writes never wait.
final class ExecFiles: Sendable {
  /// One descriptor that several tasks may use, and one may close.
  final class End: Sendable {
    private struct Holder: ~Copyable {
      var descriptor: FileDescriptor?
    }

    private let holder: Mutex<Holder>

    init(_ descriptor: consuming FileDescriptor) { holder = Mutex(Holder(descriptor: consume descriptor)) }

    /// Empty where nothing waits, and at the end.
    func read(_ limit: Int) -> Bytes {
      holder.withLock { holder in
        Bytes(unsafeUninitializedCapacity: limit) { buffer, filled in
          filled = (try? holder.descriptor?.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
      }
    }

    /// 0 where there is no room now; nil where nobody reads any more.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
      holder.withLock { holder -> Int? in
        do throws(LinuxError) {
          return try holder.descriptor?.writeSome(bytes)
        } catch {
          return error.isWouldBlock ? 0 : nil
        }
      }
    }

    func close() { holder.withLock { $0.descriptor = nil } }

    func withNumber(_ body: (Int32) -> Void) {
      holder.withLock { holder in
        if let number = holder.descriptor?.number { body(number) }
      }
    }
  }

  let folder: String
  let streams: SupervisorCommand.Streams
  let input: End?
  let output: End?
  let error: End?
  /// Keeps what was written, until the program has opened its input.
  private let inputKeeper: End?

  init(_ folder: String, _ request: ExecRequest) throws(LinuxError) {
    self.folder = folder
    if request.isTerminal {
      let (master, path) = try PseudoTerminal.open()
      let terminal = End(FileDescriptor(owning: master))
      self.streams = SupervisorCommand.Streams(terminal: path)
      input = request.hasInput ? terminal : nil
      output = terminal
      error = nil
      inputKeeper = nil
      return
    }
    // An agent that was killed left it behind; names begin anew with each start.
    if Files.exists(folder) { try Files.removeTree(folder) }
    try Files.createDirectories(folder, permissions: 0o700)
    func make(_ name: String) throws(LinuxError) -> String {
      try NamedPipe.create("\(folder)/\(name)")
      return "\(folder)/\(name)"
    }
    var streams = SupervisorCommand.Streams()
    if request.hasInput {
      streams.input = try make("stdin")
      input = End(try NamedPipe.openKeeper("\(folder)/stdin"))
      inputKeeper = End(try NamedPipe.openReader("\(folder)/stdin"))
    } else {
      input = nil
      inputKeeper = nil
    }
    if request.hasOutput {
      streams.output = try make("stdout")
      output = End(try NamedPipe.openReader("\(folder)/stdout"))
    } else {
      output = nil
    }
    if request.hasError {
      streams.error = try make("stderr")
      error = End(try NamedPipe.openReader("\(folder)/stderr"))
    } else {
      error = nil
    }
    self.streams = streams
  }

  /// The program sees the end of its input, be it started yet or not.
  func closeInput() { input?.close() }

  func resize(_ size: TerminalSize) {
    // A terminal that has gone needs no size.
    output?.withNumber { try? PseudoTerminal.resize($0, columns: size.width, rows: size.height) }
  }

  func remove() throws(LinuxError) {
    for end in [input, output, error, inputKeeper] { end?.close() }
    if Files.exists(folder) { try Files.removeTree(folder) }
  }
}
