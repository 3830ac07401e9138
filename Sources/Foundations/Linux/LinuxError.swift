internal import Glibc

/// A system call that failed: which one, on what, and the error number. Sits at the bottom of every error
/// chain.
public struct LinuxError: Error, Sendable, Hashable, CustomStringConvertible {
  public let number: Int32
  /// `open`, `bind`, …
  public let call: String
  /// The path, address or process that the call was about; may be empty.
  public let subject: String

  public init(number: Int32, call: String, subject: String = "") {
    self.number = number
    self.call = call
    self.subject = subject
  }

  /// The error that the last call left in errno.
  public static func current(_ call: String, _ subject: String = "") -> LinuxError {
    LinuxError(number: errno, call: call, subject: subject)
  }

  public var description: String {
    let reason = String(cString: strerror(number))
    return subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
  }

  /// The system's words for the number: "No such file or directory".
  public var reason: String { String(cString: strerror(number)) }

  public var isNotFound: Bool { number == ENOENT || number == ENOTDIR }
  public var isAddressInUse: Bool { number == EADDRINUSE }
  public var isPermissionDenied: Bool { number == EACCES || number == EPERM }
  public var isReadOnly: Bool { number == EROFS }
  public var isNoSpace: Bool { number == ENOSPC || number == EDQUOT }
  public var isWouldBlock: Bool { number == EAGAIN || number == EWOULDBLOCK }
  public var isAlreadyExists: Bool { number == EEXIST }
}

/// Repeats a call that a signal interrupted.
/// - Returns: the call's result; throws where it is negative.
@discardableResult
func checked<Result: SignedInteger>(
  _ call: String, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(LinuxError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    if errno != EINTR { throw LinuxError.current(call, subject()) }
  }
}
