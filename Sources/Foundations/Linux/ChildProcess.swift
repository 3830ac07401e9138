internal import CShims
internal import Glibc

/// A program that this process started and must wait for. All calls but `wait` return at once.
public struct ChildProcess: Sendable, Hashable {
  public let identifier: Int32

  public init(identifier: Int32) { self.identifier = identifier }

  /// How a program is started. Nothing of the parent is inherited but what is named here.
  public struct Request: Sendable {
    /// The program's file; not looked up in PATH.
    public var path: String
    /// With the program's own name first.
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    public var workingDirectory: String?
    /// Become 0, 1, 2, … in the child; nil stands for /dev/null. At most 16.
    public var descriptors: [Int32?]
    public var group: Group

    /// Which processes get the same signals.
    public enum Group: Sendable { case parents, own, ownSession }

    public init(
      path: String, arguments: [String], environment: [String] = [], workingDirectory: String? = nil,
      descriptors: [Int32?] = [nil, 1, 2], group: Group = .own
    ) {
      self.path = path
      self.arguments = arguments
      self.environment = environment
      self.workingDirectory = workingDirectory
      self.descriptors = descriptors
      self.group = group
    }
  }

  /// How a process ended.
  public struct Exit: Sendable, Hashable {
    /// 128 + the signal's number where a signal ended it, as shells count.
    public var code: Int32
    /// 0 where it ended by itself.
    public var signal: Int32

    public init(code: Int32, signal: Int32 = 0) {
      self.code = signal == 0 ? code : 128 + signal
      self.signal = signal
    }
  }

  /// Starts the program; returns once it runs (exec has succeeded).
  public static func start(_ request: Request) throws(LinuxError) -> ChildProcess {
    let arguments = CStringArray(request.arguments)
    let environment = CStringArray(request.environment)
    let descriptors = request.descriptors.map { $0 ?? -1 }
    let result = request.path.withCString { path in
      withOptionalCString(request.workingDirectory) { directory in
        descriptors.withUnsafeBufferPointer { numbers in
          var raw = apus_spawn_request()
          raw.path = path
          raw.arguments = arguments.pointer
          raw.environment = environment.pointer
          raw.working_directory = directory
          raw.descriptors = numbers.baseAddress
          raw.descriptor_count = Int32(clamping: numbers.count)
          raw.new_process_group = request.group == .own ? 1 : 0
          raw.new_session = request.group == .ownSession ? 1 : 0
          return apus_spawn(&raw)
        }
      }
    }
    if result < 0 { throw LinuxError(number: -result, call: "start", subject: request.path) }
    return ChildProcess(identifier: result)
  }

  /// Waits until it has ended. Blocks: for named threads only.
  @discardableResult
  public func wait() throws(LinuxError) -> Exit {
    var code: Int32 = 0
    var signal: Int32 = 0
    let result = apus_wait(identifier, 0, &code, &signal)
    if result < 0 { throw LinuxError(number: -result, call: "waitpid", subject: "process \(identifier)") }
    return Exit(code: code, signal: signal)
  }

  /// Takes leave of any one child that has ended: which, and how. Nil where none has (or there is none).
  public static func reapAny() -> (process: ChildProcess, exit: Exit)? {
    var code: Int32 = 0
    var signal: Int32 = 0
    let result = apus_wait(-1, 1, &code, &signal)
    guard result > 0 else { return nil }
    return (ChildProcess(identifier: result), Exit(code: code, signal: signal))
  }

  /// From now on orphaned descendants become children of this process instead of init's.
  public static func becomeSubreaper() throws(LinuxError) {
    let result = apus_become_subreaper()
    if result < 0 { throw LinuxError(number: -result, call: "prctl(PR_SET_CHILD_SUBREAPER)") }
  }
}

/// A descriptor that becomes readable when a process has ended; it never means another process of the same
/// number.
public struct PidDescriptor: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  public init(process: Int32) throws(LinuxError) {
    let result = apus_pidfd_open(process)
    if result < 0 { throw LinuxError(number: -result, call: "pidfd_open", subject: "process \(process)") }
    descriptor = FileDescriptor(owning: result)
  }
}

/// A NULL-terminated array of C strings; lives as long as this object.
private final class CStringArray {
  let pointer: UnsafePointer<UnsafePointer<CChar>?>
  private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let count: Int

  init(_ texts: [String]) {
    count = texts.count
    storage = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { (storage + index).initialize(to: UnsafePointer(strdup(text))) }
    (storage + texts.count).initialize(to: nil)
    pointer = UnsafePointer(storage)
  }

  deinit {
    for index in 0..<count { free(UnsafeMutablePointer(mutating: storage[index])) }
    storage.deallocate()
  }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result
{
  guard let text else { return body(nil) }
  return text.withCString { body($0) }
}
