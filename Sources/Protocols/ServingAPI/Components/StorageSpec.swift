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

  /// Whether a text names a resource of a key broker: `kbs:///<repository>/<type>/<tag>`.
  static func isResourceID(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "kbs:", parts[1].isEmpty, parts[2].isEmpty else { return false }
    return parts.dropFirst(3).allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy(isCharacter) }
  }

  private static func isCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
