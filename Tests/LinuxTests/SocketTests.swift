import Basics
import Linux
import Testing

@Suite struct SocketTests {
  /// Waits until a descriptor is ready.
  private func wait(_ socket: Socket, _ events: EpollEvents) throws {
    let epoll = try Epoll()
    try epoll.add(socket.descriptor, events, registration: 7)
    var seen: UInt64 = 0
    try epoll.wait(into: EpollEventBuffer(capacity: 1), timeoutMilliseconds: 10_000) { _, data in seen = data
    }
    #expect(seen == 7)
  }

  private func exchange(on address: SocketAddress) throws {
    let listener = try Socket.listen(on: address)
    let bound = try listener.localAddress()
    #expect(try listener.accept() == nil)
    let client = try Socket.connect(to: bound)
    try wait(client, .writable)
    #expect(client.takeError("connect") == nil)
    try wait(listener, .readable)
    let server = try #require(try listener.accept()).socket
    let sent = Bytes("hello".utf8).withUnsafeBytes { client.send($0) }
    #expect(sent == .bytes(5))
    try wait(server, .readable)
    let received = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
      server.receive(into: buffer)
    }
    #expect(received == .bytes(5))
    #expect(!server.hasPendingInput())
    client.shutdownSending()
    try wait(server, .peerClosed)
    #expect(server.hasPendingInput())
    let end = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
      server.receive(into: buffer)
    }
    #expect(end == .endOfStream)
  }

  @Test func bytesPassOverIPv4() throws { try exchange(on: .loopback(port: 0)) }

  @Test func bytesPassOverIPv6() throws { try exchange(on: .loopback6(port: 0)) }

  @Test func bytesPassOverASocketFile() throws {
    let path = "/tmp/apus-socket-\(SystemRandom().uuid())"
    defer { try? Files.removeFile(path) }
    try exchange(on: .unix(path))
  }

  @Test func aTakenPortIsTold() throws {
    let first = try Socket.listen(on: .loopback(port: 0))
    let address = try first.localAddress()
    let error = #expect(throws: LinuxError.self) { try Socket.listen(on: address) }
    #expect(error?.isAddressInUse == true)
  }

  @Test func aRefusedConnectionIsTold() throws {
    let listener = try Socket.listen(on: .loopback(port: 0))
    let address = try listener.localAddress()
    let free = try closedPort()
    do {
      let socket = try Socket.connect(to: free)
      try wait(socket, .writable)
      #expect(socket.takeError("connect")?.reason == "Connection refused")
    } catch let error as LinuxError {
      #expect(error.reason == "Connection refused")
    }
    #expect(address != free)
  }

  /// A port that was bound and is free again.
  private func closedPort() throws -> SocketAddress {
    try Socket.listen(on: .loopback(port: 0)).localAddress()
  }

  @Test func addressesGoToTextAndBack() {
    let cases = ["127.0.0.1", "0.0.0.0", "255.1.2.3", "::1", "::", "fe80::1:2", "2001:db8::ff"]
    for text in cases { #expect(SocketAddress(literal: text, port: 80)?.host == text) }
    #expect(SocketAddress(literal: "::1", port: 80)?.description == "[::1]:80")
    #expect(SocketAddress(literal: "10.0.0.1", port: 80)?.description == "10.0.0.1:80")
    for text in ["localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "", "[::1]", ":::"] {
      #expect(SocketAddress(literal: text, port: 80) == nil, "\(text)")
    }
    #expect(SocketAddress(literal: "127.0.0.1", port: 65_536) == nil)
    #expect(SocketAddress(literal: "127.0.0.1", port: -1) == nil)
    #expect(SocketAddress(literal: "127.9.8.7", port: 1)?.isLoopback == true)
    #expect(SocketAddress(literal: "128.0.0.1", port: 1)?.isLoopback == false)
  }

  @Test func aSocketPathThatIsTooLongIsRefused() {
    let path = "/tmp/" + String(repeating: "x", count: 200)
    #expect(throws: LinuxError.self) { try Socket.listen(on: .unix(path)) }
  }

  @Test func anEventDescriptorWakesAnEpollUntilItIsDrained() throws {
    let epoll = try Epoll()
    let event = try EventDescriptor()
    try epoll.add(event.descriptor, .readable, registration: UInt64.max)
    let buffer = EpollEventBuffer(capacity: 4)
    func ready() throws -> [UInt64] {
      var seen: [UInt64] = []
      try epoll.wait(into: buffer, timeoutMilliseconds: 0) { _, data in seen.append(data) }
      return seen
    }
    #expect(try ready() == [])
    event.signal()
    event.signal()
    #expect(try ready() == [UInt64.max])
    event.drain()
    #expect(try ready() == [])
    epoll.remove(event.descriptor)
    event.signal()
    #expect(try ready() == [])
  }

  @Test func namesOfThisMachineResolve() throws {
    let addresses = try NameResolver.resolve("localhost", port: 81)
    #expect(addresses.contains { $0.isLoopback && $0.port == 81 })
    #expect(throws: NameResolver.Failure.self) { try NameResolver.resolve("no such name", port: 81) }
  }
}
