/// Why a model could not be fetched: a code from `docs/failure-codes.md` and one sentence with cause and fix.
public struct StorageError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, CaseIterable {
    case unsupportedScheme = "UnsupportedScheme"
    case badSource = "BadSource"
    case sourceNotFound = "SourceNotFound"
    case accessDenied = "AccessDenied"
    case downloadFailed = "DownloadFailed"
    case diskFull = "DiskFull"
    case destinationUnwritable = "DestinationUnwritable"
    case checksumMismatch = "ChecksumMismatch"
    case badArchive = "BadArchive"

    public var exitCode: Int32 {
      switch self {
      case .unsupportedScheme: 60
      case .badSource: 61
      case .sourceNotFound: 62
      case .accessDenied: 63
      case .downloadFailed: 64
      case .diskFull: 65
      case .destinationUnwritable: 66
      case .checksumMismatch: 67
      case .badArchive: 68
      }
    }
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
