internal import Basics
internal import Formats
internal import KubeProtocol
internal import KubeStore
internal import Synchronization
internal import Telemetry

extension APIServer {
  private static let eventLifetime: Duration = .seconds(3600)
  private static let eventSweepInterval: Duration = .seconds(60)

  /// Starts what runs beside requests: garbage collection, namespaces' ends and defaults, CRDs' ends, old
  /// events.
  func startBackground() {
    let task = Task { [self] in
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.followChanges() }
        group.addTask { await self.sweepEvents() }
      }
    }
    let old = state.withLock { state -> Task<Void, Never>? in
      defer { state.background = task }
      return state.background
    }
    old?.cancel()
  }

  /// One pass over the store at the start, then every change in order. Starts over where it fell too far
  /// behind.
  private func followChanges() async {
    while !Task.isCancelled {
      do {
        let collector = GarbageCollector(server: self)
        let ending = EndingCollections(server: self)
        let (stored, listed) = try await storage.store.list(prefix: "/")
        for value in stored { try collector.load(value) }
        try await collector.settle()
        for value in stored { await ending.resume(value) }
        try await follow(after: listed) { change in
          await collector.observe(change)
          await ending.observe(change)
        }
      } catch is CancellationError {
        return
      } catch StoreError.compacted {
        logger.warning("background work fell behind the store and starts over")
      } catch {
        logger.error("background work failed and starts over in a second", ["cause": "\(error)"])
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// Until the store closes, or the changes that come next are no longer kept: a watch that fell too far
  /// behind is begun anew where it was.
  private func follow(after revision: Int64, _ body: (StoreEvent) async -> Void) async throws {
    var seen = revision
    while true {
      let begin = seen
      do {
        for try await change in try await storage.store.watch(prefix: "/", after: seen) {
          await body(change)
          seen = change.value.revision
        }
        return
      } catch StoreError.compacted where seen > begin {
        continue
      }
    }
  }

  private func sweepEvents() async {
    var seen: [String: EventAge]?
    repeat {
      do {
        seen = try await pruneExpiredEvents(known: seen)
      } catch {
        logger.error("old events could not be removed", ["cause": "\(error)"])
      }
    } while (try? await Task.sleep(for: Self.eventSweepInterval)) != nil
  }

  /// When an event was seen last, as one revision of it says.
  struct EventAge {
    var revision: Int64
    var seen: Timestamp?
  }

  /// Removes events that nobody has seen for an hour.
  public func pruneExpiredEvents() async throws { _ = try await pruneExpiredEvents(known: nil) }

  /// - Parameter known: what an earlier call returned, a sweep ago: what is new since then was seen just now.
  ///   Without it all events are read.
  private func pruneExpiredEvents(known: [String: EventAge]?) async throws -> [String: EventAge] {
    guard let definition = registry.find(.events) else { return [:] }
    let now = clock.now()
    var ages: [String: EventAge] = [:]
    for stored in try await storage.store.list(prefix: definition.storagePrefix).values {
      let age: EventAge
      if let old = known?[stored.key], old.revision == stored.revision {
        age = old
      } else if known != nil {
        age = EventAge(revision: stored.revision, seen: now)
      } else {
        age = EventAge(revision: stored.revision, seen: Self.lastSeen(try storage.decode(stored)))
      }
      guard let seen = age.seen, now.since(seen) > Self.eventLifetime else {
        ages[stored.key] = age
        continue
      }
      do {
        try await delete(definition, try storage.decode(stored).key, DeleteOptions())
      } catch let error as KubeError where error.reason == .notFound {
        continue
      }
    }
    return ages
  }

  private static func lastSeen(_ event: KubeObject) -> Timestamp? {
    ["lastTimestamp", "eventTime", "firstTimestamp"].lazy
      .compactMap { event[$0]?.string.flatMap(Timestamp.init(rfc3339:)) }.first ?? event.creationTimestamp
  }
}
