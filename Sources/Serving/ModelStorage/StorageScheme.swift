/// One kind of source. Implementations block; the storage role runs them one after the other on its main
/// thread.
public protocol StorageScheme: Sendable {
  /// Whether this is the one for the source: by its prefix (`gs://`) or form.
  func matches(_ source: String) -> Bool
  /// Brings the files of `source` into the folder `destination`, which exists.
  /// - Returns: the paths of what came.
  func fetch(_ source: String, into destination: String) throws(StorageError) -> [String]
}
