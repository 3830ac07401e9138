internal import Synchronization

/// The last of the objects that stay texts, still decoded: their watchers read them right after the write.
final class RecentObjects: Sendable {
  static let capacity = 256

  private struct Ring {
    var objects: [StoredObject] = []
    var oldest = 0
  }

  private let ring = Mutex(Ring())

  func add(_ object: StoredObject) {
    let forgotten = ring.withLock { ring -> StoredObject? in
      guard ring.objects.count >= Self.capacity else {
        ring.objects.append(object)
        return nil
      }
      defer { ring.oldest = (ring.oldest + 1) % Self.capacity }
      let oldest = ring.objects[ring.oldest]
      ring.objects[ring.oldest] = object
      return oldest
    }
    forgotten?.forgetObject()
  }
}
