internal import CShims
internal import Glibc

/// A non-blocking stream socket; closed at the end of its life.
public final class Socket: Sendable {
  private let file: FileDescriptor

  /// For registration with an `Epoll`; stays this object's.
  public var descriptor: Int32 { file.number }

  /// Takes over an open, non-blocking stream socket.
  public init(owning descriptor: Int32) { file = FileDescriptor(owning: descriptor) }

  /// Bound and listening. TCP sockets get SO_REUSEADDR, IPv6 ones IPV6_V6ONLY.
  public static func listen(on address: SocketAddress, backlog: Int32 = 1024) throws(LinuxError) -> Socket {
    let socket = Socket(owning: try checked("socket", address.description) { apus_socket(address.family) })
    switch address {
    case .v4: try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
    case .v6:
      try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
      try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
    case .unix: break
    }
    // Accepted sockets inherit it.
    socket.tuneForRequests(address)
    let descriptor = socket.descriptor
    _ = try address.withRaw("bind") { bind(descriptor, $0, $1) }
    try checked("listen", address.description) { Glibc.listen(descriptor, backlog) }
    return socket
  }

  /// Starts to connect; the socket is writable once that has ended, and `takeError` says how.
  public static func connect(to address: SocketAddress) throws(LinuxError) -> Socket {
    let socket = Socket(owning: try checked("socket", address.description) { apus_socket(address.family) })
    socket.tuneForRequests(address)
    let descriptor = socket.descriptor
    do {
      _ = try address.withRaw("connect") { Glibc.connect(descriptor, $0, $1) }
    } catch {
      // EINTR goes on in the background as well, and a second call then answers EALREADY.
      if error.number != EINPROGRESS && error.number != EALREADY && error.number != EISCONN { throw error }
    }
    return socket
  }

  /// The next waiting client; nil where there is none. It has the listening socket's options.
  public func accept() throws(LinuxError) -> (socket: Socket, address: SocketAddress)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    while true {
      apus_count_other()
      let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          apus_accept_nonblocking(file.number, $0, &length)
        }
      }
      if accepted < 0 {
        switch errno {
        case EINTR, ECONNABORTED, EPROTO: continue
        case EAGAIN, EWOULDBLOCK: return nil
        default: throw LinuxError.current("accept")
        }
      }
      let socket = Socket(owning: accepted)
      let count = min(Int(length), MemoryLayout<sockaddr_storage>.size)
      let address = withUnsafeBytes(of: &storage) {
        SocketAddress(raw: UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
      return (socket, address ?? .unix(""))
    }
  }

  /// The address that this end is bound to.
  public func localAddress() throws(LinuxError) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let descriptor = file.number
    try checked("getsockname") {
      withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
      }
    }
    let count = min(Int(length), MemoryLayout<sockaddr_storage>.size)
    let address = withUnsafeBytes(of: &storage) {
      SocketAddress(raw: UnsafeRawBufferPointer(rebasing: $0[..<count]))
    }
    guard let address else { throw LinuxError(number: EAFNOSUPPORT, call: "getsockname") }
    return address
  }

  /// The error that a connect or earlier call left on the socket; nil where there is none.
  public func takeError(_ call: String, _ subject: String = "") -> LinuxError? {
    var number: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if getsockopt(file.number, SOL_SOCKET, SO_ERROR, &number, &length) < 0 { return .current(call, subject) }
    return number == 0 ? nil : LinuxError(number: number, call: call, subject: subject)
  }

  /// TCP_NODELAY, and probes that find a peer whose machine vanished within about two minutes: a stream that
  /// waits for news would wait for ever. Failures are left alone: the connection works without.
  private func tuneForRequests(_ address: SocketAddress) {
    if case .unix = address { return }
    let tcp = Int32(IPPROTO_TCP)
    try? set(tcp, TCP_NODELAY, 1)
    try? set(SOL_SOCKET, SO_KEEPALIVE, 1)
    try? set(tcp, TCP_KEEPIDLE, 60)
    try? set(tcp, TCP_KEEPINTVL, 15)
    try? set(tcp, TCP_KEEPCNT, 4)
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(LinuxError) {
    let descriptor = file.number
    try checked("setsockopt") {
      withUnsafePointer(to: value) {
        setsockopt(descriptor, level, option, $0, socklen_t(MemoryLayout<Int32>.size))
      }
    }
  }
}
