internal import Linux

/// A model's file, read as protocol buffers' wire format from front to back, with leaps over what nobody
/// wants: the weights of large models are not read.
struct GraphFile: ~Copyable {
  struct Field {
    var number: UInt64
    var wireType: UInt64
    /// Of a field with a length.
    var length = 0
  }

  /// What the file does not hold, or nobody reads here.
  struct Unreadable: Error {}

  static let lengthDelimited: UInt64 = 2
  /// What `bytes` can give at a time.
  static let windowBytes = 64 << 10

  private let file: FileDescriptor
  private let size: Int
  private let window: UnsafeMutableRawBufferPointer
  /// The part of the window that is read and not yet used.
  private var used = 0
  private var filled = 0
  /// Of the next byte in the file.
  private(set) var position = 0

  init(_ path: String) throws(Unreadable) {
    size = Int(clamping: (try? Files.status(path).size) ?? 0)
    do {
      file = try Files.open(path, .read)
    } catch {
      throw Unreadable()
    }
    window = .allocate(byteCount: Self.windowBytes, alignment: 16)
  }

  deinit { window.deallocate() }

  var isAtEnd: Bool { position >= size }

  /// The next field's number and form; its value comes next.
  mutating func field() throws(Unreadable) -> Field {
    let tag = try varint()
    var field = Field(number: tag >> 3, wireType: tag & 7)
    if field.wireType == Self.lengthDelimited {
      guard let length = Int(exactly: try varint()), length <= size - position else { throw Unreadable() }
      field.length = length
    }
    return field
  }

  mutating func skip(_ field: Field) throws(Unreadable) {
    switch field.wireType {
    case 0: _ = try varint()
    case 1: try leap(8)
    case Self.lengthDelimited: try leap(field.length)
    case 5: try leap(4)
    default: throw Unreadable()
    }
  }

  /// The next bytes, at most a window's; valid until the next call.
  mutating func bytes(_ count: Int) throws(Unreadable) -> UnsafeRawBufferPointer {
    while filled - used < count {
      if used > 0 {
        window.copyBytes(from: window[used..<filled])
        filled -= used
        used = 0
      }
      guard filled < window.count, try fill() > 0 else { throw Unreadable() }
    }
    defer {
      used += count
      position += count
    }
    return UnsafeRawBufferPointer(rebasing: window[used..<(used + count)])
  }

  private mutating func varint() throws(Unreadable) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      if used == filled {
        used = 0
        filled = 0
        guard try fill() > 0 else { throw Unreadable() }
      }
      let byte = window[used]
      used += 1
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Unreadable()
  }

  private mutating func leap(_ count: Int) throws(Unreadable) {
    guard count <= size - position else { throw Unreadable() }
    position += count
    let inWindow = min(count, filled - used)
    used += inWindow
    if inWindow == count { return }
    do {
      try file.skip(count - inWindow)
    } catch {
      throw Unreadable()
    }
  }

  private mutating func fill() throws(Unreadable) -> Int {
    do {
      let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: window[filled...]))
      filled += count
      return count
    } catch {
      throw Unreadable()
    }
  }
}
