internal import Basics
internal import CZlib

/// Bounds against decompression bombs: `freeBytes + ratio * compressed`, and never more than `bytes`.
///
/// Fitted forests shrink 3 to 10 times, with a hundred classes about 30 times; those with a thousand may need
/// `compress=0`.
struct InflateLimits: Sendable {
  /// The stream may always grow to this much.
  var freeBytes = 32 << 20
  /// Beyond `freeBytes`, at most this many times the compressed size.
  var ratio = 50
  /// Never more than this.
  var bytes = 4 << 30

  func bound(compressed: Int) -> Int {
    let (scaled, overflow) = compressed.multipliedReportingOverflow(by: ratio)
    let (sum, overflows) = scaled.addingReportingOverflow(freeBytes)
    return overflow || overflows ? bytes : min(sum, bytes)
  }

  func refusal(compressed: Int) -> JoblibError {
    .tooLarge(
      "it decompresses to more than \(bound(compressed: compressed)) bytes from \(compressed) "
        + "(at most \(freeBytes >> 20) MiB + \(ratio) times the compressed size are read)")
  }
}

/// zlib and gzip decompression in memory.
enum Inflater {
  private static let chunkBytes = 1 << 18
  /// Reserved in one piece, so that small files' streams are not copied as they grow; pages that are not
  /// written to cost nothing.
  private static let reservedBytes = 192 << 20

  /// Inflates one or several streams that follow each other.
  static func inflate(_ input: Bytes, limits: InflateLimits = InflateLimits()) throws(JoblibError) -> Bytes {
    var stream = z_stream()
    // 32 added to the window bits: zlib or gzip, told by the header.
    let version = zlibVersion()
    guard inflateInit2_(&stream, 15 + 32, version, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .corrupt(offset: 0, reason: "zlib does not start")
    }
    defer { inflateEnd(&stream) }
    return try run(&stream, input, limits: limits)
  }

  private static func run(
    _ stream: inout z_stream, _ input: Bytes, limits: InflateLimits
  ) throws(JoblibError) -> Bytes {
    let bound = limits.bound(compressed: input.count)
    var output = Bytes()
    output.reserveCapacity(min(bound, reservedBytes))
    var consumed = 0
    var chunk = Bytes(repeating: 0, count: chunkBytes)
    while true {
      let offered = min(input.count - consumed, 1 << 30)
      let (status, read, written) = step(&stream, input, from: consumed, offered: offered, into: &chunk)
      consumed += read
      guard written <= bound - output.count else {
        throw limits.refusal(compressed: input.count)
      }
      output.append(contentsOf: chunk[..<written])
      switch status {
      case Z_STREAM_END:
        // Anything after the end that is no further stream is padding, which Python ignores as well.
        guard consumed + 2 <= input.count, JoblibContainer.compression(input[consumed...]) == .gzip,
          inflateReset(&stream) == Z_OK
        else { return output }
      case Z_OK where read > 0 || written > 0: continue
      case Z_OK, Z_BUF_ERROR:
        throw .corrupt(offset: input.count, reason: "the compressed file ends in the middle (truncated)")
      default: throw .corrupt(offset: consumed, reason: "the compressed data is damaged")
      }
    }
  }

  private static func step(
    _ stream: inout z_stream, _ input: Bytes, from start: Int, offered: Int, into chunk: inout Bytes
  ) -> (status: Int32, read: Int, written: Int) {
    let capacity = chunk.count
    return input.withUnsafeBufferPointer { source in
      chunk.withUnsafeMutableBufferPointer { target in
        // zlib's interface is not const-correct: it only reads what next_in points to.
        stream.next_in = source.baseAddress.map { UnsafeMutablePointer(mutating: $0 + start) }
        stream.avail_in = UInt32(offered)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(capacity)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return (status, offered - Int(stream.avail_in), capacity - Int(stream.avail_out))
      }
    }
  }
}
