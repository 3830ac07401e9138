internal import Basics

/// The outer shell of a joblib or pickle file: plain, or compressed as a whole.
enum JoblibContainer {
  enum Compression: Sendable {
    case plain, zlib, gzip, bzip2, lzma, xz, lz4, legacyZip
  }

  /// Told by the same first bytes that joblib looks at.
  static func compression(_ firstBytes: some Collection<UInt8>) -> Compression {
    let prefix = Array(firstBytes.prefix(6))
    if prefix.starts(with: [0x1f, 0x8b]) { return .gzip }
    if prefix.count >= 2, prefix[0] == 0x78, (0x7800 + Int(prefix[1])).isMultiple(of: 31) { return .zlib }
    if prefix.starts(with: [0x42, 0x5a, 0x68]) { return .bzip2 }
    if prefix.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a]) { return .xz }
    if prefix.starts(with: [0x5d, 0x00, 0x00]) { return .lzma }
    if prefix.starts(with: [0x04, 0x22, 0x4d, 0x18]) { return .lz4 }
    if prefix.starts(with: [0x5a, 0x46]) { return .legacyZip }
    return .plain
  }

  /// The pickle stream inside.
  static func open(_ file: Bytes, limits: InflateLimits = InflateLimits()) throws(JoblibError) -> Bytes {
    switch compression(file) {
    case .plain: return file
    case .zlib, .gzip: return try Inflater.inflate(file, limits: limits)
    case .bzip2: throw .unsupportedCompression("bz2")
    case .lzma: throw .unsupportedCompression("lzma")
    case .xz: throw .unsupportedCompression("xz")
    case .lz4: throw .unsupportedCompression("lz4")
    case .legacyZip: throw .unsupportedCompression("zlib in joblib's format before 0.10")
    }
  }
}
