internal import Glibc

extension LinuxError {
  /// An address that this machine does not have, or a name that has none.
  public static func addressNotAvailable(_ call: String, _ subject: String) -> LinuxError {
    LinuxError(number: EADDRNOTAVAIL, call: call, subject: subject)
  }

  /// The part that would do it has ended already.
  public static func shutDown(_ call: String) -> LinuxError { LinuxError(number: ESHUTDOWN, call: call) }
}
