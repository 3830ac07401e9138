internal import Basics
internal import CZlib

/// SPDY/3's compression of header blocks: one zlib stream in each direction of a connection.
final class SPDYHeaderCodec {
  private var inflater = z_stream()
  private var deflater = z_stream()
  private let isReady: Bool
  private static let maximumBytes = 64 << 10

  init() {
    let size = Int32(MemoryLayout<z_stream>.size)
    let reads = inflateInit_(&inflater, ZLIB_VERSION, size) == Z_OK
    let writes = deflateInit_(&deflater, Z_DEFAULT_COMPRESSION, ZLIB_VERSION, size) == Z_OK
    let dictionary = SPDYDictionary.bytes
    isReady =
      reads && writes && deflateSetDictionary(&deflater, dictionary, UInt32(dictionary.count)) == Z_OK
  }

  deinit {
    inflateEnd(&inflater)
    deflateEnd(&deflater)
  }

  /// Nil where the block is malformed or too long.
  func read(_ block: Bytes) -> [String: String]? {
    guard isReady, let plain = inflate(block) else { return nil }
    var position = 0
    func number() -> Int? {
      guard plain.count - position >= 4 else { return nil }
      defer { position += 4 }
      return plain[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    func text() -> String? {
      guard let length = number(), length <= plain.count - position else { return nil }
      defer { position += length }
      return String(decoding: plain[position..<(position + length)], as: UTF8.self)
    }
    guard let count = number(), count <= 256 else { return nil }
    var headers: [String: String] = [:]
    for _ in 0..<count {
      guard let name = text(), let value = text() else { return nil }
      headers[name.lowercased()] = value
    }
    return headers
  }

  /// The block of no headers at all: replies need no more.
  func writeNone() -> Bytes? {
    guard isReady else { return nil }
    var input: Bytes = [0, 0, 0, 0]
    var output = Bytes(repeating: 0, count: 256)
    let written = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output -> Int? in
        deflater.next_in = input.baseAddress
        deflater.avail_in = UInt32(input.count)
        deflater.next_out = output.baseAddress
        deflater.avail_out = UInt32(output.count)
        guard deflate(&deflater, Z_SYNC_FLUSH) == Z_OK, deflater.avail_out > 0 else { return nil }
        return output.count - Int(deflater.avail_out)
      }
    }
    return written.map { Bytes(output[..<$0]) }
  }

  private func inflate(_ block: Bytes) -> Bytes? {
    var input = block
    var result: Bytes = []
    var room = Bytes(repeating: 0, count: 8192)
    var isGood = true
    input.withUnsafeMutableBufferPointer { input in
      inflater.next_in = input.baseAddress
      inflater.avail_in = UInt32(clamping: input.count)
      while isGood {
        let (status, count) = room.withUnsafeMutableBufferPointer { room -> (Int32, Int) in
          inflater.next_out = room.baseAddress
          inflater.avail_out = UInt32(room.count)
          var status = CZlib.inflate(&inflater, Z_SYNC_FLUSH)
          if status == Z_NEED_DICT {
            let dictionary = SPDYDictionary.bytes
            status = inflateSetDictionary(&inflater, dictionary, UInt32(dictionary.count))
            if status == Z_OK { status = CZlib.inflate(&inflater, Z_SYNC_FLUSH) }
          }
          return (status, room.count - Int(inflater.avail_out))
        }
        result.append(contentsOf: room[..<count])
        isGood = (status == Z_OK || status == Z_BUF_ERROR) && result.count <= Self.maximumBytes
        if count < room.count { break }
      }
    }
    return isGood && inflater.avail_in == 0 ? result : nil
  }
}
