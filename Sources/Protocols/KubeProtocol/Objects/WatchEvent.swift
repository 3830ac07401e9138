public import Basics
public import Formats

/// One event of a watch.
public struct WatchEvent: Sendable {
  public enum Kind: String, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    case bookmark = "BOOKMARK"
    /// The object is a `Status`; the watch ends after it.
    case error = "ERROR"
  }

  public let kind: Kind
  public let object: KubeObject
  /// Where several watchers get this event: their common line.
  private let shared: SharedLine?

  public init(_ kind: Kind, _ object: KubeObject, shared: SharedLine? = nil) {
    self.kind = kind
    self.object = object
    self.shared = shared
  }

  public var json: JSONValue { ["type": .string(kind.rawValue), "object": object.json] }

  /// As it goes over the wire, with its end of line.
  public var line: Bytes {
    guard let shared else { return makeLine() }
    return shared.bytes(makeLine)
  }

  private func makeLine() -> Bytes {
    var line = json.encoded()
    line.append(UInt8(ascii: "\n"))
    return line
  }

  public init?(json: JSONValue) {
    guard let kind = json["type"]?.string.flatMap(Kind.init(rawValue:)), let object = json["object"] else {
      return nil
    }
    self.init(kind, KubeObject(json: object))
  }
}

/// A list with the revision at which it was taken.
public struct KubeList: Sendable {
  public var items: [KubeObject]
  public var resourceVersion: String
  /// Not empty where the server holds back the rest.
  public var continueToken = ""

  public init(items: [KubeObject], resourceVersion: String) {
    self.items = items
    self.resourceVersion = resourceVersion
  }
}

/// How a patch's body is meant; the raw value is its media type.
public enum PatchType: String, Sendable {
  case json = "application/json-patch+json"
  case merge = "application/merge-patch+json"
  case strategicMerge = "application/strategic-merge-patch+json"
  case apply = "application/apply-patch+yaml"
}
