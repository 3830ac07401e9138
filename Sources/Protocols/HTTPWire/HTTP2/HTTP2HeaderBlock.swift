public import Basics

/// Collects the fields of one HTTP/2 header block, already decompressed and checked as RFC 9113 §8 says, and
/// makes a request of them. `grpc-timeout` is kept apart, so that the other fields of a client's calls are
/// the same bytes again and again. One memory of a fixed size serves all blocks of a connection.
public final class HTTP2HeaderBlock {
  /// As SETTINGS_MAX_HEADER_LIST_SIZE counts: names, values and 32 bytes for each field.
  public var size: Int { state.pointee.size }
  /// A field found no room; the block cannot become a request.
  public var isTooLarge: Bool { state.pointee.isTooLarge }
  /// The call's time, which is no part of the fields: it differs from call to call.
  public var timeout: Timeout { state.pointee.timeout }

  /// What `grpc-timeout` says.
  public enum Timeout: Sendable, Hashable {
    case none
    case nanoseconds(UInt64)
    case malformed
  }

  private struct State {
    /// Bytes in `memory`.
    var count = 0
    var size = 0
    var fields = 0
    var isTooLarge = false
    var timeout = Timeout.none
  }

  /// Per field: length of name and value, 4 bytes each, then both.
  private let memory: UnsafeMutableRawBufferPointer
  /// In memory of its own: each field changes it, and properties of classes are checked at every access.
  private let state: UnsafeMutablePointer<State>
  private let maximumFields: Int

  private static let lengthBytes = 8

  /// - Parameter limits: `headBytes` and `headerFields` of a block; what is beyond is counted alone.
  public init(limits: HTTPWireLimits = .init()) {
    let bytes = max(1024, limits.headBytes)
    memory = .allocate(byteCount: bytes, alignment: 16)
    state = .allocate(capacity: 1)
    state.initialize(to: State())
    // Pseudo fields are not the client's own.
    maximumFields = limits.headerFields &+ 4
  }

  deinit {
    memory.deallocate()
    state.deallocate()
  }

  public func reset() { state.pointee = State() }

  /// The collected fields, as bytes that are compared.
  public var bytes: Bytes { Bytes(UnsafeRawBufferPointer(rebasing: memory[..<state.pointee.count])) }

  public func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    // Every field costs more here than there, so that what fits the limit fits the memory.
    state.pointee.size &+= name.count &+ value.count &+ 32
    state.pointee.fields &+= 1
    if size > memory.count || state.pointee.fields > maximumFields { state.pointee.isTooLarge = true }
    if isTooLarge { return }
    if name.count == 12, HTTPCharacters.equal(name, 0..<12, "grpc-timeout") {
      state.pointee.timeout = GRPCFields.timeout(value).map { .nanoseconds($0) } ?? .malformed
      return
    }
    let start = state.pointee.count
    let end = start &+ Self.lengthBytes &+ name.count &+ value.count
    guard end <= memory.count else {
      state.pointee.isTooLarge = true
      return
    }
    memory.storeBytes(of: UInt32(clamping: name.count), toByteOffset: start, as: UInt32.self)
    memory.storeBytes(of: UInt32(clamping: value.count), toByteOffset: start &+ 4, as: UInt32.self)
    store(name, at: start &+ Self.lengthBytes)
    store(value, at: end &- value.count)
    state.pointee.count = end
  }

  private func store(_ piece: UnsafeRawBufferPointer, at offset: Int) {
    if piece.isEmpty { return }
    let target = memory[offset..<(offset &+ piece.count)]
    UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(from: piece)
  }

  /// Whether both hold the same fields, timeouts aside.
  public func hasSameFields(as other: Bytes) -> Bool {
    let count = state.pointee.count
    guard count == other.count else { return false }
    let left = memory
    return other.withUnsafeBytes { right in
      var index = 0
      while index &+ 8 <= count {
        let a = left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let b = right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if a != b { return false }
        index &+= 8
      }
      while index < count {
        if left[index] != right[index] { return false }
        index &+= 1
      }
      return true
    }
  }

  /// - Parameter separatesGRPC: whether requests of type `application/grpc` get their `grpc` part.
  public func makeRequest(separatesGRPC: Bool) -> Swift.Result<HTTP2Request, HTTPWireError> {
    let bytes = UnsafeRawBufferPointer(rebasing: memory[..<state.pointee.count])
    if isTooLarge { return .failure(HTTPWireError(431, "the request's head is too long")) }
    var reader = FieldReader(separatesGRPC: separatesGRPC)
    var index = 0
    while index &+ Self.lengthBytes <= bytes.count {
      let nameCount = Int(bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
      let valueCount = Int(bytes.loadUnaligned(fromByteOffset: index &+ 4, as: UInt32.self))
      let start = index &+ Self.lengthBytes
      let name = start..<(start &+ nameCount)
      let value = name.upperBound..<(name.upperBound &+ valueCount)
      index = value.upperBound
      if let error = reader.note(bytes, name, value) { return .failure(error) }
    }
    return reader.finish()
  }
}

/// Sorts the fields of a block into a request.
private struct FieldReader {
  private let separatesGRPC: Bool
  private var method = ""
  private var target = ""
  private var authority: String?
  private var host: String?
  private var headers = HTTPHeaders()
  private var cookies: [String] = []
  private var contentType: String?
  private var contentLength: Int?
  private var expectsContinue = false
  private var grpc = HTTP2Request.GRPC()
  /// gRPC's own fields, put back where the request turns out to be another.
  private var grpcFields: [(String, String)] = []

  init(separatesGRPC: Bool) { self.separatesGRPC = separatesGRPC }

  mutating func note(
    _ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, _ value: Range<Int>
  ) -> HTTPWireError? {
    guard let text = String(validating: UnsafeRawBufferPointer(rebasing: bytes[value]), as: UTF8.self) else {
      return HTTPWireError(400, "a header field's value is not valid UTF-8")
    }
    if bytes[name].first == UInt8(ascii: ":") {
      if HTTPCharacters.equal(bytes, name, ":method") {
        method = text
        let isToken = bytes[value].allSatisfy { HTTPCharacters.isToken($0) }
        if !isToken || value.isEmpty || value.count > 32 {
          return HTTPWireError(400, "the request has no valid method")
        }
      } else if HTTPCharacters.equal(bytes, name, ":path") {
        target = text
        if let error = Self.targetFailure(bytes, value) { return error }
      } else if HTTPCharacters.equal(bytes, name, ":authority") {
        authority = text
        return Self.hostFailure(bytes, value)
      }
      return nil
    }
    switch name.count {
    case 2 where HTTPCharacters.equal(bytes, name, "te"):
      grpc.acceptsTrailers = HTTPCharacters.equal(bytes, value, "trailers")
      return nil
    case 4 where HTTPCharacters.equal(bytes, name, "host"):
      if host != nil { return HTTPWireError(400, "several Host fields") }
      host = text
      return Self.hostFailure(bytes, value)
    case 6 where HTTPCharacters.equal(bytes, name, "cookie"):
      cookies.append(text)
      return nil
    case 6 where HTTPCharacters.equal(bytes, name, "expect"):
      guard HTTPCharacters.equal(bytes, value, "100-continue") else {
        return HTTPWireError(417, "the only known expectation is 100-continue")
      }
      expectsContinue = true
    case 12 where HTTPCharacters.equal(bytes, name, "content-type"):
      contentType = text
    case 13 where separatesGRPC && HTTPCharacters.equal(bytes, name, "grpc-encoding"):
      noteEncoding(text)
      return nil
    case 14 where HTTPCharacters.equal(bytes, name, "content-length"):
      contentLength = Int(text)
    case 20 where separatesGRPC && HTTPCharacters.equal(bytes, name, "grpc-accept-encoding"):
      HTTPCharacters.forEachElement(bytes, value) { element in
        if HTTPCharacters.equal(bytes, element, "gzip") { grpc.acceptsGzip = true }
      }
      grpcFields.append(("grpc-accept-encoding", text))
      return nil
    default: break
    }
    headers.append(HTTPCharacters.string(bytes, name), text)
    return nil
  }

  private mutating func noteEncoding(_ text: String) {
    switch text {
    case "identity": grpc.encoding = .identity
    case "gzip": grpc.encoding = .gzip
    default: grpc.encoding = .unknown(text)
    }
    grpcFields.append(("grpc-encoding", text))
  }

  mutating func finish() -> Swift.Result<HTTP2Request, HTTPWireError> {
    if method == "CONNECT" {
      return .failure(HTTPWireError(501, "this server is no proxy: CONNECT is not implemented"))
    }
    guard !method.isEmpty, !target.isEmpty else {
      return .failure(HTTPWireError(400, "the request has no method or no path"))
    }
    // RFC 9113 §8.3.1: the pseudo field wins.
    guard let name = authority ?? host else {
      return .failure(HTTPWireError(400, "the request names no host"))
    }
    if !cookies.isEmpty { headers.append("cookie", cookies.joined(separator: "; ")) }
    var isGRPC = false
    if separatesGRPC, let contentType, contentType.utf8.starts(with: "application/grpc".utf8) {
      isGRPC = true
      let next = contentType.utf8.dropFirst(16).first
      grpc.isKnownType = next == nil || next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
      headers.remove("content-type")
    } else {
      for (name, value) in grpcFields { headers.append(name, value) }
    }
    headers.append("Host", name)
    var request = HTTP2Request(
      head: HTTPRequestHead(method: method, target: target, version: .http2, headers: headers))
    request.contentLength = contentLength
    request.expectsContinue = expectsContinue
    request.grpc = isGRPC ? grpc : nil
    return .success(request)
  }

  private static func targetFailure(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> HTTPWireError? {
    let isStar = value.count == 1 && bytes[value.lowerBound] == UInt8(ascii: "*")
    guard let first = bytes[value].first, first == UInt8(ascii: "/") || isStar else {
      return HTTPWireError(400, "the request target is no path")
    }
    for index in value {
      let byte = bytes[index]
      guard byte > 32, byte < 127, byte != UInt8(ascii: "#") else {
        return HTTPWireError(400, "the request target has a character that paths cannot have")
      }
    }
    return nil
  }

  private static func hostFailure(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> HTTPWireError? {
    for index in value where !HTTPCharacters.isHost(bytes[index]) {
      return HTTPWireError(400, "the request's authority is not a host")
    }
    return HTTPCharacters.hasValidPort(bytes, value)
      ? nil : HTTPWireError(400, "the request's authority has no valid port")
  }
}
