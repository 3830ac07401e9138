internal import Glibc

/// The system's resolver: hosts file and DNS. Blocks; use it on a named thread.
public enum NameResolver {
  /// A name that has no address; the message says the name and the resolver's reason.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
  }

  /// Every stream address of the name, in the resolver's order; never empty.
  public static func resolve(_ host: String, port: Int) throws(Failure) -> [SocketAddress] {
    guard let portNumber = UInt16(exactly: port) else {
      throw Failure(description: "port \(port) is out of range")
    }
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, nil, &hints, &list)
    guard result == 0, let list else {
      throw Failure(description: "cannot resolve \"\(host)\": \(String(cString: gai_strerror(result)))")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry: UnsafeMutablePointer<addrinfo>? = list
    while let current = entry {
      let bytes = UnsafeRawBufferPointer(
        start: current.pointee.ai_addr, count: Int(current.pointee.ai_addrlen))
      switch SocketAddress(raw: bytes) {
      case .v4(let value, _): addresses.append(.v4(value, port: portNumber))
      case .v6(let high, let low, _, let scope):
        addresses.append(.v6(high, low, port: portNumber, scope: scope))
      case .unix, nil: break
      }
      entry = current.pointee.ai_next
    }
    guard !addresses.isEmpty else {
      throw Failure(description: "cannot resolve \"\(host)\": it has no address")
    }
    return addresses
  }
}
