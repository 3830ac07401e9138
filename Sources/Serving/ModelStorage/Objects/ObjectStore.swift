/// An object of a bucket, as a listing names it.
struct StoredObject: Sendable, Hashable {
  /// The whole key.
  var name: String
  /// In bytes, where the listing tells.
  var size: Int64?
  /// Of the content, base64, where the store keeps it.
  var md5: String?
}

/// One page of a listing.
struct ObjectPage: Sendable {
  var objects: [StoredObject]
  /// Asks for the next page; nil on the last one.
  var next: String?
}

/// A bucket of an object store. Calls block; downloads may come from several threads.
protocol ObjectStore: Sendable {
  /// What the user wrote, for messages.
  var source: String { get }
  /// Objects whose names begin with the prefix, folders' markers included.
  func page(prefix: String, token: String?) throws(StorageError) -> ObjectPage
  func download(_ object: StoredObject, to path: String) throws(StorageError)
}
