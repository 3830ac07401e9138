public import Basics

/// What a key holds. The store keeps it in the form that its owner gave it and asks for the bytes only to
/// write them down, so that a value need not be in memory both as bytes and as what they mean.
public protocol StoredContent: AnyObject, Sendable {
  /// The same whenever they are asked for; they may have to be made.
  var bytes: Bytes { get }
  /// About how many bytes that are; known without making them.
  var size: Int { get }
}

/// Content that is its bytes and nothing else.
public final class StoredBytes: StoredContent {
  public let bytes: Bytes

  public init(_ bytes: Bytes) { self.bytes = bytes }

  public var size: Int { bytes.count }
}

/// Makes content of what was read from a disk.
public typealias StoredContentReader = @Sendable (_ key: String, _ bytes: Bytes) -> any StoredContent
