internal import Basics
internal import Formats
internal import KubeProtocol
public import KubeStore
internal import Synchronization

/// An object in the store. It is decoded at most once: everybody who reads it, watchers and informers too,
/// shares that, and its text is gone then. Objects that are many and hardly read stay texts.
final class StoredObject: StoredContent {
  private struct State {
    var object: KubeObject?
    /// The revision that stands in `object`; 0 for an object that has not been stored yet.
    var revision: Int64 = 0
    var text: Bytes?
  }

  let size: Int
  private let staysText: Bool
  private let state: Mutex<State>

  /// Events are many, and hardly anybody reads one after it was told.
  private static let textPrefix = "/core/events/"

  static func staysText(_ key: String) -> Bool { key.hasPrefix(textPrefix) }

  /// An object that is about to be stored.
  init(_ object: KubeObject, key: String) {
    staysText = Self.staysText(key)
    let text = staysText ? Self.encode(object) : nil
    size = text?.count ?? object.json.textSize
    state = Mutex(State(object: object, text: text))
  }

  /// An object as it was read from a disk.
  init(text: Bytes, key: String) {
    staysText = Self.staysText(key)
    size = text.count
    state = Mutex(State(text: text))
  }

  var bytes: Bytes {
    let (object, text) = state.withLock { ($0.object, $0.text) }
    return text ?? object.map(Self.encode) ?? []
  }

  /// The object with the revision of its stored value. One revision's object is shared: that which is asked
  /// for first, as it is the one that made the value.
  func object(_ stored: StoredValue) throws -> KubeObject {
    let known = state.withLock { state -> KubeObject? in
      guard let object = state.object else { return nil }
      if state.revision == stored.revision { return object }
      let revised = Self.revised(object, stored.revision)
      if state.revision == 0 {
        state.object = revised
        state.revision = stored.revision
      }
      return revised
    }
    if let known { return known }
    let object = try Self.decode(stored)
    if staysText { return object }
    return state.withLock { state in
      if let other = state.object, state.revision == stored.revision { return other }
      if state.object == nil {
        state.object = object
        state.revision = stored.revision
        state.text = nil
      }
      return object
    }
  }

  /// Keeps the text alone of an object that stays text.
  func forgetObject() {
    state.withLock { state in
      if state.text != nil { state.object = nil }
    }
  }

  private static func revised(_ object: KubeObject, _ revision: Int64) -> KubeObject {
    var object = object
    object.resourceVersion = String(revision)
    return object
  }

  static func encode(_ object: KubeObject) -> Bytes {
    var stored = object
    stored.resourceVersion = ""
    let text = stored.json.encoded()
    // An array that grew has up to as much again to spare, and texts stay as long as their objects.
    return Bytes(unsafeUninitializedCapacity: text.count) { buffer, count in
      count = buffer.update(fromContentsOf: text)
    }
  }

  static func decode(_ stored: StoredValue) throws -> KubeObject {
    do {
      return revised(KubeObject(json: try JSONValue(parsing: stored.value)), stored.revision)
    } catch {
      throw KubeError(
        .internalError,
        "the stored object \(stored.key) at revision \(stored.revision) cannot be read (\(error));"
          + " restore the data directory from a copy, or delete the key")
    }
  }
}

extension APIServer {
  /// For stores on a disk: how objects that were read from there are kept.
  public static let contentReader: StoredContentReader = { StoredObject(text: $1, key: $0) }
}
