internal import CShims

/// A name that one process per network namespace can hold; the kernel frees it when the process ends, however
/// it ends.
public final class HeldName: Sendable {
  private let descriptor: FileDescriptor

  /// Throws an error with `isAddressInUse` where another process holds the name.
  public init(_ name: String) throws(LinuxError) {
    let result = apus_hold_name(name)
    if result < 0 { throw LinuxError(number: -result, call: "hold", subject: "@\(name)") }
    descriptor = FileDescriptor(owning: result)
  }
}
