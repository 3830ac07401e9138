public import Formats

/// `storage`: where a model lies, said by an entry of the credentials secret and a path in it.
public struct StorageSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// The secret's key; nil takes the one that `parameters.type` says, or the default one.
  public var key: String? { json.nonEmptyText("key") }
  /// The model's path inside the bucket (or share).
  public var path: String? { json.nonEmptyText("path") }
  /// A schema of the model's tensors, beside the model.
  public var schemaPath: String? { json.nonEmptyText("schemaPath") }
  /// Overrides of the secret's entry, as `type` and `bucket`; in the order they were written.
  public var parameters: [(key: String, value: String)] {
    (json["parameters"]?.object?.members ?? []).compactMap { member in
      member.value.string.map { (member.key, $0) }
    }
  }
  public func parameter(_ name: String) -> String? { json["parameters"]?[name]?.string }

  /// `parameters.type`: `s3`, `gs`, `hdfs`, …
  public var type: String? { parameter("type") }
}

/// `confidential`: a model that is decrypted in the pod with a key from a key broker.
public struct ConfidentialSpec: Sendable, Hashable {
  public var isEnabled: Bool
  /// `kbs:///<repository>/<type>/<tag>`; nil leaves it to the key broker's default.
  public var resourceID: String?

  public init(json: JSONValue) {
    isEnabled = json["enabled"]?.bool ?? false
    resourceID = json.nonEmptyText("resourceId")
  }
}
