internal import CShims
internal import Glibc

/// Where a stream socket is bound or connected.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address in host byte order: 127.0.0.1 is `0x7F000001`.
  case v4(UInt32, port: UInt16)
  /// The address's halves in host byte order, with the interface of a link-local address (else 0).
  case v6(UInt64, UInt64, port: UInt16, scope: UInt32)
  /// A socket file.
  case unix(String)

  /// An IPv4 or IPv6 literal; nil for names and ports out of range.
  public init?(literal host: String, port: Int) {
    guard let port = UInt16(exactly: port) else { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, host, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr), port: port)
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, host, &v6) == 1 else { return nil }
    let (high, low) = Self.halves(v6)
    self = .v6(high, low, port: port, scope: 0)
  }

  public static func loopback(port: UInt16) -> SocketAddress { .v4(0x7F00_0001, port: port) }
  public static func loopback6(port: UInt16) -> SocketAddress { .v6(0, 1, port: port, scope: 0) }

  public var port: Int {
    switch self {
    case .v4(_, let port), .v6(_, _, let port, _): Int(port)
    case .unix: 0
    }
  }

  /// The literal without brackets, or the path.
  public var host: String {
    switch self {
    case .v4(let value, _):
      return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    case .v6(let high, let low, _, _):
      return Self.text(high, low)
    case .unix(let path):
      return path
    }
  }

  /// `127.0.0.1:80`, `[::1]:80` or the path.
  public var description: String {
    switch self {
    case .v4: "\(host):\(port)"
    case .v6: "[\(host)]:\(port)"
    case .unix(let path): path
    }
  }

  public var isLoopback: Bool {
    switch self {
    case .v4(let value, _): value >> 24 == 127
    case .v6(let high, let low, _, _): high == 0 && low == 1
    case .unix: true
    }
  }

  private static func halves(_ address: in6_addr) -> (UInt64, UInt64) {
    withUnsafeBytes(of: address) { bytes in
      (
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }

  private static func text(_ high: UInt64, _ low: UInt64) -> String {
    let big = (high.bigEndian, low.bigEndian)
    return withUnsafeBytes(of: big) { bytes in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
        guard let start = buffer.baseAddress,
          inet_ntop(AF_INET6, bytes.baseAddress, start, socklen_t(INET6_ADDRSTRLEN)) != nil
        else { return "::" }
        return String(cString: start)
      }
    }
  }
}

extension SocketAddress {
  var family: Int32 {
    switch self {
    case .v4: AF_INET
    case .v6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  /// Runs `body` with the address as the system wants it; a socket path that is too long throws
  /// `ENAMETOOLONG`.
  func withRaw<Result: SignedInteger>(
    _ call: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) throws(LinuxError) -> Result {
    var storage = sockaddr_storage()
    guard let length = fill(&storage) else {
      throw LinuxError(number: ENAMETOOLONG, call: call, subject: description)
    }
    let pointer = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<sockaddr_storage>.size, alignment: 16)
    defer { pointer.deallocate() }
    pointer.copyMemory(from: &storage, byteCount: MemoryLayout<sockaddr_storage>.size)
    let raw = UnsafePointer(pointer.bindMemory(to: sockaddr.self, capacity: 1))
    return try checked(call, description) { body(raw, length) }
  }

  private func fill(_ storage: inout sockaddr_storage) -> socklen_t? {
    withUnsafeMutableBytes(of: &storage) { bytes in
      bytes.storeBytes(of: sa_family_t(family), as: sa_family_t.self)
      switch self {
      case .v4(let value, let port):
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: value.bigEndian, toByteOffset: 4, as: UInt32.self)
        return socklen_t(MemoryLayout<sockaddr_in>.size)
      case .v6(let high, let low, let port, let scope):
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self)
        return socklen_t(MemoryLayout<sockaddr_in6>.size)
      case .unix(let path):
        let name = Array(path.utf8)
        guard name.count < MemoryLayout<sockaddr_un>.size - 2, !name.contains(0) else { return nil }
        UnsafeMutableRawBufferPointer(rebasing: bytes[2...]).copyBytes(from: name)
        return socklen_t(2 + name.count + 1)
      }
    }
  }

  /// Reads an address that the system wrote; nil for other families.
  init?(raw bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
    let family = Int32(bytes.loadUnaligned(as: sa_family_t.self))
    if family == AF_INET, bytes.count >= MemoryLayout<sockaddr_in>.size {
      let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      self = .v4(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)), port: port)
    } else if family == AF_INET6, bytes.count >= MemoryLayout<sockaddr_in6>.size {
      self = .v6(
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
        port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)),
        scope: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
    } else if family == AF_UNIX {
      self = .unix(String(decoding: bytes[2...].prefix { $0 != 0 }, as: UTF8.self))
    } else {
      return nil
    }
  }
}
