internal import Glibc

extension LinuxError {
  /// The machine has no such address, or no such address family (IPv6 switched off).
  public var isAddressUnavailable: Bool { number == EADDRNOTAVAIL || number == EAFNOSUPPORT }
}
