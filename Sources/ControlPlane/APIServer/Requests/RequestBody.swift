internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// A request's body as JSON, with the paths of keys that came twice.
struct RequestBody: Sendable {
  /// Upstream's limit for a request to etcd is 1.5 MB, its server's limit 3 MB.
  static let maximumBytes = 3 << 20
  static let maximumDepth = 100

  var json: JSONValue
  var duplicates: [String] = []
  var isEmpty = false

  init(_ request: KubeRequest) throws(KubeError) {
    switch request.body {
    case .none: self.init(json: .null, isEmpty: true)
    case .json(let value): self.init(json: value, isEmpty: false)
    case .bytes(let bytes, let contentType): try self.init(bytes, contentType: contentType)
    }
  }

  private init(json: JSONValue, isEmpty: Bool) {
    self.json = json
    self.isEmpty = isEmpty
  }

  private init(_ bytes: Bytes, contentType: String) throws(KubeError) {
    guard bytes.count <= Self.maximumBytes else {
      throw KubeError(
        .requestEntityTooLarge, "the request is \(bytes.count) bytes long, the limit is 3145728")
    }
    json = .null
    if bytes.isEmpty {
      isEmpty = true
      return
    }
    let mediaType = contentType.prefix { $0 != ";" }.lowercased()
    if mediaType == KubeProtobuf.mediaType {
      do {
        json = try KubeProtobuf.decode(bytes, catalog: BuiltinSchemas.catalog)
      } catch {
        throw KubeError(.unsupportedMediaType, "the request's protobuf body cannot be used: \(error)")
      }
    } else if mediaType.hasSuffix("yaml"), !Self.beginsLikeJSON(bytes) {
      json = try Self.readYAML(bytes, &duplicates)
    } else if mediaType.isEmpty || mediaType.hasSuffix("json") || mediaType.hasSuffix("yaml") {
      do {
        json = try JSONValue.parse(
          bytes, limits: JSONLimits(depth: Self.maximumDepth, bytes: Self.maximumBytes),
          duplicateKeys: &duplicates)
      } catch {
        throw KubeError(.badRequest, "the request's body cannot be read: \(error)")
      }
    } else {
      throw KubeError(
        .unsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: application/json,"
          + " application/yaml")
    }
  }

  /// JSON is YAML too, and read faster as what it is.
  private static func beginsLikeJSON(_ bytes: Bytes) -> Bool {
    bytes.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") } == UInt8(ascii: "{")
  }

  private static func readYAML(_ bytes: Bytes, _ duplicates: inout [String]) throws(KubeError) -> JSONValue {
    let documents: [JSONValue]
    do {
      documents = try YAML.parse(
        bytes, limits: YAMLLimits(bytes: maximumBytes, depth: maximumDepth), duplicateKeys: &duplicates)
    } catch {
      throw KubeError(.badRequest, "the request's body cannot be read: \(error)")
    }
    guard documents.count <= 1 else {
      throw KubeError(.badRequest, "the request's body holds \(documents.count) YAML documents; send one")
    }
    return documents.first ?? .null
  }
}
