public import Formats

/// `logger`: copies of requests and answers go to a sink, as CloudEvents or as files in a bucket.
public struct LoggerSpec: Sendable, Hashable {
  /// What is copied.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    case all
    case request
    case response
  }

  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// Where copies go; nil takes the configuration's `logger.defaultUrl`.
  public var url: String? { json.nonEmptyText("url") }
  /// Everything where it is not set.
  public var mode: Mode { json["mode"]?.string.flatMap(Mode.init(rawValue:)) ?? .all }
  /// Request headers that are copied along.
  public var metadataHeaders: [String] { json.texts("metadataHeaders") }
  /// Annotations of the service that are copied along.
  public var metadataAnnotations: [String] { json.texts("metadataAnnotations") }
  public var storage: StorageSpec? { json.member("storage").map(StorageSpec.init(json:)) }
  /// The account whose credentials write to `storage`.
  public var storageServiceAccount: String? { json["storage"]?.nonEmptyText("serviceAccountName") }
  /// A service that turns records into the bytes of a file.
  public var marshallerURL: String? { json.nonEmptyText("marshallerUrl") }
  public var batchSize: Int64? { json["batchSize"]?.int }
  /// How long an incomplete batch waits, as a Go duration (`5s`).
  public var batchInterval: String? { json.nonEmptyText("batchInterval") }
}

/// `batcher`: requests are joined into one call of the model.
public struct BatcherSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// Most instances of one call.
  public var maxBatchSize: Int64? { json["maxBatchSize"]?.int }
  /// Longest wait for company.
  public var maxLatencyMilliseconds: Int64? { json["maxLatency"]?.int }
  /// Upstream never reads it.
  public var timeoutSeconds: Int64? { json["timeout"]?.int }
}
