/// Where a model's files come from: `gs://bucket/path`, `pvc://claim/path`, a local path, …
public struct StorageURI: Sendable, Hashable, CustomStringConvertible {
  /// The kinds of storage, by URI scheme.
  public enum Scheme: String, Sendable, Hashable, CaseIterable {
    case gcs = "gs"
    case s3
    case pvc
    case file
    case https
    case http
    case hdfs
    case webhdfs
    case oci
    case ociNative = "oci+native"
    case ociFetch = "oci+fetch"
    case ociModelcar = "oci+modelcar"
    case huggingFace = "hf"
    case modelScope = "modelscope"
    /// No scheme: an absolute or relative path.
    case localPath = ""
    /// One that only a ClusterStorageContainer knows; no text has this raw value as its scheme.
    case other = "*"
  }

  /// Why a text is no storage URI that a service can use.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
  }

  public let text: String
  public let scheme: Scheme
  /// Bucket, claim, host or owner: what stands between `://` and the next slash; "" for local paths.
  public let authority: String
  /// After the authority, without leading slash; for local paths the path as it is.
  public let path: String

  public var description: String { text }

  /// The prefixes upstream names in its message.
  static let listedPrefixes: [String] = [
    "gs://", "s3://", "pvc://", "file://", "https://", "http://", "hdfs://", "webhdfs://", "oci://",
    "oci+native://", "oci+fetch://", "hf://",
  ]

  /// Parses and checks a URI. Bounded: at most 4,096 bytes, no control characters.
  /// - Parameter containers: what fetches further schemes.
  public init(_ text: String, containers: [ClusterStorageContainer] = []) throws(Failure) {
    guard !text.isEmpty else { throw Failure("storage URI cannot be empty") }
    guard text.utf8.count <= 4096 else {
      throw Failure("the storage URI has \(text.utf8.count) bytes; at most 4096 are allowed")
    }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw Failure("the storage URI has a control character; remove it")
    }
    self.text = text
    guard let separator = Self.schemeEnd(text) else {
      scheme = .localPath
      authority = ""
      path = text
      return
    }
    guard let known = Scheme(rawValue: String(text[..<separator])) else {
      guard containers.contains(where: { $0.isFitForInitContainer && $0.supports(text) }) else {
        throw Self.unsupported(text)
      }
      (scheme, authority) = (.other, "")
      path = String(text[text.index(separator, offsetBy: 3)...])
      return
    }
    scheme = known
    let rest = text[text.index(separator, offsetBy: 3)...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    authority = String(rest[..<slash])
    path = String(rest[slash...].drop { $0 == "/" })
    if known == .pvc { try checkClaim() }
    if known != .file && authority.isEmpty {
      throw Failure("the storage URI \"\(text)\" names no \(Self.authorityName(known)) after \"://\"")
    }
  }

  private func checkClaim() throws(Failure) {
    guard DNSName.isSubdomain(authority) else {
      throw Failure(
        "the storage URI \"\(text)\" names no valid claim; write pvc://<claim name>/<path in the claim>")
    }
    guard !path.split(separator: "/").contains("..") else {
      throw Failure("the storage URI \"\(text)\" contains \"..\"; name the folder inside the claim directly")
    }
  }

  private static func authorityName(_ scheme: Scheme) -> String {
    switch scheme {
    case .gcs, .s3: "bucket"
    case .pvc: "claim"
    case .huggingFace, .modelScope: "owner"
    case .oci, .ociNative, .ociFetch, .ociModelcar: "registry"
    default: "host"
    }
  }

  /// The end of the scheme where the text has one (`^\w[\w+.-]*://`).
  private static func schemeEnd(_ text: String) -> String.Index? {
    var index = text.startIndex
    while index < text.endIndex {
      let character = text[index]
      if character == ":" { return index > text.startIndex && text[index...].hasPrefix("://") ? index : nil }
      guard character.isASCII, character.isLetter || character.isNumber || "+.-_".contains(character) else {
        return nil
      }
      index = text.index(after: index)
    }
    return nil
  }

  static func unsupported(_ text: String) -> Failure {
    Failure(
      "storageUri, must be one of: [\(listedPrefixes.joined(separator: ", "))] or match "
        + "https://{}.blob.core.windows.net/{}/{} or be an absolute or relative local path. "
        + "StorageUri [\(text)] is not supported.")
  }
}
