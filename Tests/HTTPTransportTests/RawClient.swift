import Basics
import HTTPTransport
import Linux

/// A client that sends just the bytes it is given. Its calls block: run them by `onThread`.
final class RawClient {
  struct TookTooLong: Error {}

  let socket: Socket
  private let epoll: Epoll
  private let events = EpollEventBuffer(capacity: 4)
  private var received = Bytes()

  init(_ address: ListenAddress) throws {
    guard let target = SocketAddress(literal: address.host, port: address.port) else {
      throw LinuxError.addressNotAvailable("connect", address.description)
    }
    socket = try Socket.connect(to: target)
    epoll = try Epoll()
    try epoll.add(socket.descriptor, [.readable, .writable], registration: 1)
    try epoll.wait(into: events, timeoutMilliseconds: 10_000) { _, _ in }
  }

  func send(_ text: String) throws {
    var rest = Bytes(text.utf8)
    while !rest.isEmpty {
      switch rest.withUnsafeBytes({ socket.send($0) }) {
      case .bytes(let count): rest.removeFirst(count)
      case .wouldBlock: try wait([.writable])
      case .failed(let error): throw error
      case .endOfStream: return
      }
    }
  }

  /// Everything from the last call's end up to and including `marker`; all that came where the server closes
  /// first.
  func read(through marker: String) throws -> String {
    let wanted = Bytes(marker.utf8)
    var searched = 0
    while true {
      if let end = find(wanted, from: searched) {
        defer { received.removeFirst(end) }
        return String(decoding: received[..<end], as: UTF8.self)
      }
      searched = max(0, received.count - wanted.count)
      guard try receive() else { return takeAll() }
    }
  }

  /// Everything until the server closes.
  func readAll() throws -> String {
    while try receive() {}
    return takeAll()
  }

  /// Throws away what comes until it ends in `marker`, and counts it.
  func discard(through marker: String) throws -> Int {
    let wanted = Bytes(marker.utf8)
    var count = 0
    while !received.suffix(wanted.count).elementsEqual(wanted) {
      let surplus = max(0, received.count - wanted.count)
      count += surplus
      received.removeFirst(surplus)
      guard try receive() else { return count }
    }
    count += received.count
    received = []
    return count
  }

  /// - Returns: false at the end, however it came.
  private func receive() throws -> Bool {
    try withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
      while true {
        switch socket.receive(into: buffer) {
        case .bytes(let count):
          received.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          return true
        case .endOfStream, .failed: return false
        case .wouldBlock: try wait([.readable])
        }
      }
    }
  }

  private func wait(_ interest: EpollEvents) throws {
    try epoll.modify(socket.descriptor, interest, registration: 1)
    var isReady = false
    try epoll.wait(into: events, timeoutMilliseconds: 20_000) { _, _ in isReady = true }
    if !isReady { throw TookTooLong() }
  }

  private func find(_ wanted: Bytes, from start: Int) -> Int? {
    guard received.count >= wanted.count else { return nil }
    for index in start...(received.count - wanted.count)
    where received[index..<(index + wanted.count)].elementsEqual(wanted) { return index + wanted.count }
    return nil
  }

  private func takeAll() -> String {
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }
}

/// Runs blocking test code on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    do {
      try NamedThread.start("test") { continuation.resume(with: Result { try body() }) }
    } catch {
      continuation.resume(throwing: error)
    }
  }
}

extension String {
  /// How often it has `part`.
  func count(of part: String) -> Int { max(0, splitBytes(part).count - 1) }

  /// Whether the parts come in this order.
  func hasInOrder(_ parts: [String]) -> Bool {
    var rest = Bytes(utf8)[...]
    for part in parts {
      let wanted = Bytes(part.utf8)
      while rest.count >= wanted.count, !rest.starts(with: wanted) { rest = rest.dropFirst() }
      if rest.count < wanted.count { return false }
      rest = rest.dropFirst(wanted.count)
    }
    return true
  }

  private func splitBytes(_ part: String) -> [Int] {
    let bytes = Bytes(utf8)
    let wanted = Bytes(part.utf8)
    var ends = [0]
    guard bytes.count >= wanted.count else { return ends }
    for index in 0...(bytes.count - wanted.count) where bytes[index...].starts(with: wanted) {
      ends.append(index)
    }
    return ends
  }
}
