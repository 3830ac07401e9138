internal import CShims
internal import Glibc

/// A signal by its number.
public struct Signal: Sendable, Hashable {
  public let number: Int32

  public init(number: Int32) { self.number = number }

  public static let hangUp = Signal(number: SIGHUP)
  public static let interrupt = Signal(number: SIGINT)
  public static let quit = Signal(number: SIGQUIT)
  public static let kill = Signal(number: SIGKILL)
  public static let pipe = Signal(number: SIGPIPE)
  public static let terminate = Signal(number: SIGTERM)
  public static let child = Signal(number: SIGCHLD)

  /// `SIGTERM` or `TERM`; nil for names that no program sends.
  public init?(name: String) {
    let short = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
    let known: [(String, Signal)] = [
      ("HUP", .hangUp), ("INT", .interrupt), ("QUIT", .quit), ("KILL", .kill), ("TERM", .terminate),
      ("USR1", Signal(number: SIGUSR1)), ("USR2", Signal(number: SIGUSR2)),
    ]
    guard let found = known.first(where: { $0.0 == short }) else { return nil }
    self = found.1
  }

  /// Sends the signal to one process. A process that is gone already is no error: false is returned.
  @discardableResult
  public func send(to process: Int32) -> Bool {
    // 0 and negative numbers mean whole groups, 1 is init: none of them is a child.
    guard process > 1 else { return false }
    return Glibc.kill(process, number) == 0
  }

  /// Sends the signal to every process of a group.
  @discardableResult
  public func send(toGroup group: Int32) -> Bool {
    guard group > 1 else { return false }
    return Glibc.kill(-group, number) == 0
  }

  /// From now on the process does not notice this signal.
  public func ignore() { signal(number, SIG_IGN) }
}

/// A descriptor that becomes readable when one of a few signals arrives; they interrupt the thread no more.
public struct SignalDescriptor: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  /// Blocks the signals for the calling thread; threads started later inherit that.
  public init(_ signals: [Signal]) throws(LinuxError) {
    var mask: UInt64 = 0
    for signal in signals where (1...64).contains(signal.number) { mask |= 1 << UInt64(signal.number - 1) }
    let result = apus_signal_descriptor(mask)
    if result < 0 { throw LinuxError(number: -result, call: "signalfd") }
    descriptor = FileDescriptor(owning: result)
  }

  /// The next signal that has arrived; nil where none waits.
  public borrowing func next() throws(LinuxError) -> Signal? {
    var info = signalfd_siginfo()
    let result: Result<Int, LinuxError> = withUnsafeMutableBytes(of: &info) { buffer in
      do throws(LinuxError) { return .success(try descriptor.read(into: buffer)) } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let count):
      return count == 0 ? nil : Signal(number: Int32(truncatingIfNeeded: info.ssi_signo))
    case .failure(let error):
      if error.isWouldBlock { return nil }
      throw error
    }
  }
}
