internal import CArchive
internal import Linux

/// A model that came as one archive: it is unpacked where it lies, and removed.
struct ModelArchive {
  let path: String
  /// What the user wrote, for messages.
  let source: String

  private static let suffixes = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip"]
  private static let entryLimit: Int64 = 100_000
  /// Of what is unpacked: weights hardly ever shrink to a two-hundredth; bombs do to a thousandth.
  private static let leastLimit: Int64 = 1 << 30
  private static let mostLimit: Int64 = 1 << 40
  private static let largestRatio: Int64 = 200

  /// Nil where the file's name is no archive's.
  init?(path: String, source: String) {
    let name = path.lowercased()
    guard Self.suffixes.contains(where: { name.hasSuffix($0) }) else { return nil }
    self.path = path
    self.source = source
  }

  /// - Returns: how many files came out.
  func unpack() throws(StorageError) -> Int {
    let size: Int64
    do {
      size = Int64(clamping: try Files.status(path).size)
    } catch {
      throw .destination(error, path)
    }
    let (grown, overflows) = size.multipliedReportingOverflow(by: Self.largestRatio)
    let limit = min(Self.mostLimit, max(Self.leastLimit, overflows ? .max : grown))
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    var result = apus_unpack_result()
    let outcome = path.withCString { archive in
      folder.withCString { folder in
        var request = apus_unpack_request(
          archive: archive, folder: folder, maximum_bytes: limit, maximum_entries: Self.entryLimit)
        return apus_unpack(&request, &result)
      }
    }
    let message = withUnsafeBytes(of: &result.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch outcome {
    case APUS_UNPACK_DONE: break
    case APUS_UNPACK_NO_LIBRARY:
      throw StorageError(
        .badArchive,
        "\(source) is an archive, and libarchive cannot be opened (\(message)): install Debian's libarchive13"
      )
    case APUS_UNPACK_UNSAFE:
      throw StorageError(
        .badArchive,
        "\(source): the archive's entry '\(message)' is a link, a device or leads out of the model folder; "
          + "make the archive anew with plain files and relative names")
    case APUS_UNPACK_TOO_LARGE:
      throw StorageError(
        .badArchive,
        "\(source): the archive holds more than \(limit) bytes or \(Self.entryLimit) entries; "
          + "upload the model unpacked")
    case APUS_UNPACK_WRITE_FAILED:
      throw .destination(LinuxError(number: result.write_error, call: "write", subject: folder), folder)
    default:
      throw StorageError(
        .badArchive,
        "failed to unpack archive file: the file format of \(source) is not valid (\(message)); "
          + "make the archive anew and upload it again")
    }
    do {
      try Files.removeFile(path)
    } catch {
      throw .destination(error, path)
    }
    guard result.entries > 0 else {
      throw StorageError(.badArchive, "\(source): the archive holds no file; make it anew")
    }
    return Int(result.entries)
  }
}
