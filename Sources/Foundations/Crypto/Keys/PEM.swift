internal import Basics
internal import COpenSSL

/// Reading and writing of PEM blocks through memory, for the types of this target.
enum PEM {
  /// Runs `body` with a read-only BIO over the text.
  static func withReader<Value>(_ text: String, _ body: (OpaquePointer) -> Value?) -> Value? {
    let bytes = Bytes(text.utf8)
    return bytes.withUnsafeBytes { buffer -> Value? in
      guard let count = Int32(exactly: buffer.count), let bio = BIO_new_mem_buf(buffer.baseAddress, count)
      else {
        return nil
      }
      defer { BIO_free(bio) }
      return body(bio)
    }
  }

  /// What `body` writes into a memory BIO; nil where it returns anything but 1.
  static func write(_ body: (OpaquePointer) -> Int32) -> String? {
    guard let bio = BIO_new(BIO_s_mem()) else { return nil }
    defer { BIO_free(bio) }
    guard body(bio) == 1 else { return nil }
    var data: UnsafeMutablePointer<CChar>?
    let count = apus_bio_memory(bio, &data)
    guard let data, count > 0 else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
  }
}
