internal import Basics
internal import Linux

/// One pipe from a child: the end that is read here and the line that is not complete yet.
final class ChildOutput {
  let descriptor: FileDescriptor
  /// `stdout` or `stderr`, as in the log.
  let stream: String
  var lines = LineBuffer(limit: ContainerLogWriter.lineLimit)
  var isOpen = true
  private var writing: FileDescriptor?

  private init(_ descriptor: consuming FileDescriptor, writing: consuming FileDescriptor, stream: String) {
    self.descriptor = descriptor
    self.stream = stream
    self.writing = consume writing
    childEnd = self.writing?.number
  }

  /// A new pipe whose reading end does not wait.
  static func open(stream: String) throws(LinuxError) -> ChildOutput {
    let numbers = try Pipe().release()
    let output = ChildOutput(
      FileDescriptor(owning: numbers.reading), writing: FileDescriptor(owning: numbers.writing),
      stream: stream)
    try output.descriptor.setNonblocking()
    return output
  }

  /// The descriptor to pass on to the child.
  let childEnd: Int32?

  /// Once the child runs: so that its end is the only one, and the pipe ends with it.
  func closeChildEnd() { writing = nil }
}

/// A container's main process while it runs.
final class SupervisedContainer {
  let name: String
  let process: ChildProcess
  let log: ContainerLogWriter
  let outputs: [ChildOutput]
  /// The reading end of the readiness pipe, until it has spoken.
  var readiness: ChildOutput?
  /// When SIGKILL follows a stop, on the monotonic clock.
  var killAt: Duration?

  init(
    name: String, process: ChildProcess, log: ContainerLogWriter, outputs: [ChildOutput],
    readiness: ChildOutput?
  ) {
    self.name = name
    self.process = process
    self.log = log
    self.outputs = outputs
    self.readiness = readiness
  }
}

/// A probe's or hook's program while it runs.
final class SupervisedExecution {
  static let outputLimit = 10 * ByteCount.kibibyte

  let identifier: String
  let process: ChildProcess
  /// Nil where a client takes the output.
  let output: ChildOutput?
  let deadline: Duration
  var text = Bytes()
  var timedOut = false

  init(identifier: String, process: ChildProcess, output: ChildOutput?, deadline: Duration) {
    self.identifier = identifier
    self.process = process
    self.output = output
    self.deadline = deadline
  }
}
