internal import Basics
internal import Crypto
internal import Linux

/// Digests of files on disk, read piece by piece.
enum FileDigest {
  private static let pieceBytes = 1 << 18

  /// Base64, as object stores write it.
  static func md5(_ path: String) throws(StorageError) -> String {
    do {
      let hasher = try MD5Hasher()
      let file = try Files.open(path, .read)
      let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
      defer { piece.deallocate() }
      while true {
        let count = try file.read(into: piece)
        if count == 0 { break }
        hasher.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
      }
      return Base64.encode(hasher.finalize())
    } catch let error as LinuxError {
      throw .destination(error, path)
    } catch {
      throw StorageError(.downloadFailed, "the checksum of \(path) cannot be computed: \(error)")
    }
  }
}
