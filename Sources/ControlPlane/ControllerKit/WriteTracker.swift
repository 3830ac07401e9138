public import KubeClient
public import KubeProtocol
internal import Synchronization

/// Remembers, per reconciled key, the writes that an informer has not shown yet, so that nothing is done
/// twice from a copy that is behind.
public final class WriteTracker: Sendable {
  /// When to look again at a key that has unseen writes, should no event of theirs come before.
  public static let unseenRetry: Duration = .seconds(1)

  private struct Write {
    var informer: Informer
    var resourceVersion: String
  }

  private struct Outstanding {
    var writes: [ObjectIdentifier: Write] = [:]
    var deletions: Set<String> = []
  }

  private let state = Mutex<[ObjectKey: Outstanding]>([:])

  public init() {}

  /// A create or update for `key` returned this object; `informer` will show it.
  public func wrote(_ key: ObjectKey, _ object: KubeObject, in informer: Informer) {
    state.withLock { state in
      let identifier = ObjectIdentifier(informer)
      let earlier = state[key]?.writes[identifier].flatMap { UInt64($0.resourceVersion) } ?? 0
      guard let revision = UInt64(object.resourceVersion), revision > earlier else { return }
      let write = Write(informer: informer, resourceVersion: object.resourceVersion)
      state[key, default: Outstanding()].writes[identifier] = write
    }
  }

  /// An object is about to be deleted for `key`; until the informer shows that, it counts as gone.
  public func willDelete(_ key: ObjectKey, uid: String) {
    _ = state.withLock { $0[key, default: Outstanding()].deletions.insert(uid) }
  }

  public func failedToDelete(_ key: ObjectKey, uid: String) {
    _ = state.withLock { $0[key]?.deletions.remove(uid) }
  }

  /// True once the informers show every write of this key.
  public func isSettled(_ key: ObjectKey) -> Bool {
    let writes = state.withLock { state in (state[key]?.writes.values).map(Array.init) ?? [] }
    let open = writes.filter { !$0.informer.hasObserved($0.resourceVersion) }
    if open.isEmpty { state.withLock { $0[key]?.writes = [:] } }
    return open.isEmpty
  }

  /// The uids whose deletion the given live objects do not show yet; forgets the others.
  public func pendingDeletions(_ key: ObjectKey, live: [KubeObject]) -> Set<String> {
    let uids = Set(live.filter { !$0.isBeingDeleted }.map(\.uid))
    return state.withLock { state in
      guard var outstanding = state[key] else { return [] }
      outstanding.deletions.formIntersection(uids)
      let isDone = outstanding.deletions.isEmpty && outstanding.writes.isEmpty
      state[key] = isDone ? nil : outstanding
      return outstanding.deletions
    }
  }

  /// The object of this key is gone.
  public func forget(_ key: ObjectKey) { state.withLock { $0[key] = nil } }
}
