internal import Basics
internal import CZlib

/// gzip for gRPC messages. Its state is made once and used again; belongs to one thread.
final class GRPCCompression {
  enum InflateError: Error {
    /// More than the allowed bytes come out.
    case tooLong
    case malformed
  }

  private static let gzipWindow: Int32 = 15 + 16
  private static let step = 64 * 1024

  private var inflater = z_stream()
  private var deflater = z_stream()
  private var hasInflater = false
  private var hasDeflater = false

  deinit {
    if hasInflater { inflateEnd(&inflater) }
    if hasDeflater { deflateEnd(&deflater) }
  }

  /// - Parameter limit: of the result; nothing beyond it is ever held.
  func inflate(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(InflateError) -> Bytes {
    guard prepareInflater(), let count = UInt32(exactly: bytes.count) else { throw .malformed }
    inflater.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    inflater.avail_in = count
    defer { inflater.next_in = nil }
    var result: Bytes = []
    while true {
      // One byte more than allowed tells a result that is too long from one that just fits.
      let room = min(max(Self.step, result.count), limit - result.count + 1)
      var status = Z_OK
      let piece = Bytes(unsafeUninitializedCapacity: room) { buffer, initialized in
        inflater.next_out = buffer.baseAddress
        inflater.avail_out = UInt32(clamping: room)
        status = CZlib.inflate(&inflater, Z_NO_FLUSH)
        initialized = room - Int(inflater.avail_out)
      }
      if result.isEmpty { result = piece } else { result.append(contentsOf: piece) }
      if result.count > limit { throw .tooLong }
      switch status {
      case Z_STREAM_END:
        guard inflater.avail_in == 0 else { throw .malformed }
        return result
      case Z_OK where !piece.isEmpty || inflater.avail_in > 0: continue
      default: throw .malformed
      }
    }
  }

  /// Nil where zlib has no memory.
  func deflate(_ bytes: UnsafeRawBufferPointer) -> Bytes? {
    guard prepareDeflater(), let count = UInt32(exactly: bytes.count) else { return nil }
    let bound = Int(deflateBound(&deflater, UInt(bytes.count)))
    deflater.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    deflater.avail_in = count
    var status = Z_OK
    let result = Bytes(unsafeUninitializedCapacity: bound) { buffer, initialized in
      deflater.next_out = buffer.baseAddress
      deflater.avail_out = UInt32(clamping: bound)
      status = CZlib.deflate(&deflater, Z_FINISH)
      initialized = bound - Int(deflater.avail_out)
    }
    deflater.next_in = nil
    return status == Z_STREAM_END ? result : nil
  }

  private func prepareInflater() -> Bool {
    if hasInflater { return inflateReset(&inflater) == Z_OK }
    let size = Int32(MemoryLayout<z_stream>.size)
    hasInflater = inflateInit2_(&inflater, Self.gzipWindow, ZLIB_VERSION, size) == Z_OK
    return hasInflater
  }

  private func prepareDeflater() -> Bool {
    if hasDeflater { return deflateReset(&deflater) == Z_OK }
    let size = Int32(MemoryLayout<z_stream>.size)
    hasDeflater =
      deflateInit2_(
        &deflater, Z_BEST_SPEED, Z_DEFLATED, Self.gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
      == Z_OK
    return hasDeflater
  }
}
