internal import CShims
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
      let count = apus_receive(descriptor, buffer.baseAddress, buffer.count)
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
      let count = apus_send(descriptor, bytes.baseAddress, bytes.count, flags)
      if count >= 0 { return .bytes(count) }
      if errno == EINTR { continue }
      if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
      return .failed(.current("send"))
    }
  }

  /// Several pieces, one after the other, with one call.
  public func send(_ pieces: SendPieces) -> TransferResult {
    var message = msghdr()
    message.msg_iov = pieces.start
    message.msg_iovlen = pieces.count
    while true {
      apus_count_send()
      let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if errno == EINTR { continue }
      if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
      return .failed(.current("sendmsg"))
    }
  }

  /// Whether an idle connection has anything to read: bytes nobody asked for, an end or an error.
  public func hasPendingInput() -> Bool {
    var byte: UInt8 = 0
    apus_count_receive()
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
    return count >= 0 || !(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
  }

  /// Tells the peer that nothing more comes; receiving goes on.
  public func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}

/// A short list of views to send with one call; belongs to one thread. The views must be valid at the call.
public final class SendPieces {
  fileprivate let start: UnsafeMutablePointer<iovec>
  private let capacity: Int
  public fileprivate(set) var count = 0

  public init(capacity: Int = 8) {
    self.capacity = capacity
    start = .allocate(capacity: capacity)
    start.initialize(repeating: iovec(), count: capacity)
  }

  deinit { start.deallocate() }

  public func removeAll() { count = 0 }

  /// - Returns: false where the list is full; the view was not taken then.
  public func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard count < capacity else { return false }
    // The kernel only reads.
    start[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    count += 1
    return true
  }
}
