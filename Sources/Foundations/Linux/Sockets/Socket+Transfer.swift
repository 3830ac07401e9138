internal import Glibc

/// What became of one attempt to receive or send.
public enum TransferResult: Sendable, Hashable {
  case bytes(Int)
  /// The peer has closed its direction (receiving only).
  case endOfStream
  case wouldBlock
  case failed(LinuxError)
}

extension Socket {
  /// At most `buffer.count` bytes.
  public func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .endOfStream }
      if errno == EINTR { continue }
      if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
      return .failed(.current("recv"))
    }
  }

  /// - Parameter more: further bytes follow at once, so the kernel may wait with a packet that is not full.
  public func send(_ bytes: UnsafeRawBufferPointer, more: Bool = false) -> TransferResult {
    let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
    while true {
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
      if count >= 0 { return .bytes(count) }
      if errno == EINTR { continue }
      if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
      return .failed(.current("send"))
    }
  }

  /// Whether an idle connection has anything to read: bytes nobody asked for, an end or an error.
  public func hasPendingInput() -> Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
    return count >= 0 || !(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
  }

  /// Tells the peer that nothing more comes; receiving goes on.
  public func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}
