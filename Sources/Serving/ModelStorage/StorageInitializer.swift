internal import Linux
internal import Lifecycle

/// The storage role: `apus storage-initializer SRC DEST [SRC DEST …]`, the same arguments as upstream's init
/// container.
public struct StorageInitializer: Sendable {
  private let schemes: [any StorageScheme]

  public init(schemes: [any StorageScheme] = StorageInitializer.defaultSchemes) { self.schemes = schemes }

  /// Asked in this order; the local path comes last because it matches whatever has no scheme.
  public static var defaultSchemes: [any StorageScheme] {
    [ClaimStorage(), GoogleStorage(), S3Storage(), HTTPStorage(), LocalStorage()]
  }

  /// Fetches every pair in order and ends at the first failure.
  /// - Returns: the program's exit code; a failure has been told in the termination log.
  public func run(arguments: [String]) -> Int32 {
    guard !arguments.isEmpty, arguments.count.isMultiple(of: 2) else {
      StandardStreams.writeError("usage: apus storage-initializer SRC DEST [SRC DEST …]\n")
      return 2
    }
    for index in stride(from: 0, to: arguments.count, by: 2) {
      do {
        try fetch(arguments[index], into: arguments[index + 1])
      } catch {
        TerminationLog.write(code: error.code.rawValue, message: error.message)
        return error.code.exitCode
      }
    }
    return 0
  }

  /// Fetches one source into a folder, which is made where it is missing.
  public func fetch(_ source: String, into destination: String) throws(StorageError) {
    guard let scheme = schemes.first(where: { $0.matches(source) }) else {
      throw StorageError(
        .unsupportedScheme,
        "cannot recognize storage type for \(source): "
          + "use a local path, file://, pvc://, gs://, s3://, http:// or https://"
      )
    }
    do {
      try Files.createDirectories(destination)
    } catch {
      throw .destination(error, destination)
    }
    let paths = try scheme.fetch(source, into: destination)
    guard !paths.isEmpty else {
      throw StorageError(
        .sourceNotFound,
        "failed to fetch model: no model found in \(source); check the path for typing errors")
    }
    var count = paths.count
    if count == 1, let archive = ModelArchive(path: paths[0], source: source) { count = try archive.unpack() }
    StandardStreams.writeError(
      "fetched \(count) file\(count == 1 ? "" : "s") from \(source) into \(destination)\n")
  }
}

extension StorageError {
  /// A system call on the destination that failed.
  static func destination(_ error: LinuxError, _ path: String) -> StorageError {
    if error.isNoSpace {
      return StorageError(
        .diskFull, "no space left while writing \(path): free disk space or choose another volume")
    }
    return StorageError(
      .destinationUnwritable, "cannot write \(path): \(error.reason); check the volume's permissions")
  }
}
