internal import HTTPWire

/// gRPC calls that are answered where their one message lies, without an object each: between a request's
/// head and its answer's end within one turn of the loop. Whatever does not end within the turn, or is not
/// plain, becomes an `HTTP2Stream`. One loop's connections use it in turn.
final class HTTP2DirectCalls {
  /// Position of a call; nghttp2 keeps it in place of a stream's address.
  struct Number {
    fileprivate let index: Int
  }

  struct Call {
    let id: Int32
    let timeout: HTTP2HeaderBlock.Timeout
    var isAnswered = false
    var inputEnded = false
    /// Bytes that came in DATA frames.
    var received = 0
    /// Where in `answers` the rest of the answer lies.
    var next = 0
    var end = 0
    fileprivate var isOpen = true
  }

  private static let capacity = 128
  private static let answerBytes = 256 * 1024
  /// Longer answers are ordinary calls'.
  static let longestAnswer = 16 * 1024

  /// Not an array: each access would be checked.
  private let calls: UnsafeMutablePointer<Call>
  private let answers: UnsafeMutableRawPointer
  private var count = 0
  private var open = 0
  private var used = 0
  /// Of a request's message.
  let messageBytes: Int

  /// - Parameter messageBytes: 0 where no call is answered directly.
  init(messageBytes: Int) {
    self.messageBytes = messageBytes
    calls = .allocate(capacity: Self.capacity)
    answers = .allocate(byteCount: messageBytes > 0 ? Self.answerBytes : 64, alignment: 64)
  }

  deinit {
    calls.deallocate()
    answers.deallocate()
  }

  /// Calls are under way.
  var isInUse: Bool { open > 0 }
  /// There were calls since `removeAll`.
  var wasUsed: Bool { count > 0 }

  /// Nil where there is no room.
  func add(_ id: Int32, _ timeout: HTTP2HeaderBlock.Timeout) -> Number? {
    guard count < Self.capacity, Self.answerBytes &- used >= Self.longestAnswer else { return nil }
    (calls + count).initialize(to: Call(id: id, timeout: timeout))
    count &+= 1
    open &+= 1
    return Number(index: count &- 1)
  }

  subscript(number: Number) -> Call { calls[number.index] }

  /// Room for an answer; `keep` takes what was written there.
  var room: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: answers + used, count: Self.longestAnswer)
  }

  /// - Parameter received: bytes of DATA frames that brought the message.
  func keep(_ length: Int, for number: Number, received: Int) {
    let call = calls + number.index
    call.pointee.next = used
    used &+= length
    call.pointee.end = used
    call.pointee.isAnswered = true
    call.pointee.received = received
  }

  func endInput(of number: Number) { calls[number.index].inputEnded = true }

  /// What is left to send.
  func rest(of number: Number) -> UnsafeRawBufferPointer {
    let call = self[number]
    return UnsafeRawBufferPointer(start: answers + call.next, count: call.end &- call.next)
  }

  /// So much of the rest is sent.
  func advance(_ number: Number, by sent: Int) { calls[number.index].next &+= sent }

  func remove(_ number: Number) {
    guard calls[number.index].isOpen else { return }
    calls[number.index].isOpen = false
    open &-= 1
  }

  func removeAll() {
    count = 0
    open = 0
    used = 0
  }

  /// The open calls for which the condition holds.
  func forEach(where condition: (Call) -> Bool, _ body: (Number) -> Void) {
    for index in 0..<count where calls[index].isOpen && condition(calls[index]) { body(Number(index: index)) }
  }

  // MARK: as nghttp2 keeps them

  /// An address that no object has: objects begin at even ones.
  static func pointer(_ number: Number) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: number.index &<< 1 | 1)
  }

  static func number(of pointer: UnsafeMutableRawPointer) -> Number? {
    let bits = Int(bitPattern: pointer)
    return bits & 1 == 1 ? Number(index: bits &>> 1) : nil
  }
}
