internal import Basics
internal import HTTPWire

/// Where one loop writes the answers to direct requests, behind the head that they all have.
final class DirectAnswers {
  /// Bytes of answers that lie here unsent.
  private(set) var count = 0
  private let start: UnsafeMutableRawPointer
  /// Everything up to the value of `Content-Length`.
  private var head: Bytes = []
  private var headRevision: UInt64 = 0

  private static let capacity = 192 * 1024
  /// Longer ones are the general path's.
  private static let bodyLimit = 96 * 1024
  /// A length of up to 8 digits, and the end of the head.
  private static let lengthRoom = 12

  init() { start = .allocate(byteCount: Self.capacity, alignment: 64) }

  deinit { start.deallocate() }

  var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
  var hasRoom: Bool { Self.capacity &- count >= Self.bodyLimit &+ 4096 }

  func removeAll() { count = 0 }

  /// Lays one answer behind those that are here; only where there is room.
  /// - Parameters:
  ///   - revision: changes with `date`.
  ///   - writeBody: returns how much it wrote, or nil for no answer.
  /// - Returns: whether there is an answer.
  @inline(__always)
  func append(
    revision: UInt64, date: Bytes, _ writeBody: (UnsafeMutableRawBufferPointer) -> Int?
  ) -> Bool {
    if headRevision != revision || head.isEmpty { renewHead(revision, date) }
    let place = start + count
    let room = place + (head.count &+ Self.lengthRoom)
    guard let length = writeBody(UnsafeMutableRawBufferPointer(start: room, count: Self.bodyLimit)),
      length <= Self.bodyLimit
    else { return false }
    head.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: place, count: $0.count).copyMemory(from: $0) }
    let body = writeLength(length, at: place + head.count)
    body.copyMemory(from: room, byteCount: length)
    count = body - start &+ length
    return true
  }

  /// - Returns: where the body begins.
  private func writeLength(_ length: Int, at place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    var digits = 1
    var rest = length
    while rest >= 10 {
      rest /= 10
      digits &+= 1
    }
    rest = length
    for index in stride(from: digits &- 1, through: 0, by: -1) {
      place.storeBytes(of: 48 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: index, as: UInt8.self)
      rest /= 10
    }
    let end = place + digits
    end.storeBytes(of: (0x0A0D_0A0D as UInt32).littleEndian, as: UInt32.self)
    return end + 4
  }

  /// As the general path writes it.
  private func renewHead(_ revision: UInt64, _ date: Bytes) {
    headRevision = revision
    head.removeAll(keepingCapacity: true)
    HTTPSerializer.append(
      HTTPResponseHead(status: 200, headers: ["Content-Type": "application/json"]),
      .init(framing: .length(0)), date: date, to: &head)
    // Without `0`, and the two line ends after it.
    head.removeLast(5)
  }
}
