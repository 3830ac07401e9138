internal import Glibc

/// Which thread runs; cheap enough for a check per call.
public struct ThreadIdentity: Sendable, Hashable {
  public let rawValue: UInt

  public static var current: ThreadIdentity { ThreadIdentity(rawValue: UInt(pthread_self())) }
}
