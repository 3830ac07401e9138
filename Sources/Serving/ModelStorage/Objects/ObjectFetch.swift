internal import Linux
internal import Synchronization

/// Brings what lies at a prefix of a bucket into a folder: the one object of exactly that name, or those
/// below it as a folder.
struct ObjectFetch {
  let store: any ObjectStore
  /// Downloads at a time.
  var concurrency = 4

  private static let pageLimit = 1000
  private static let objectLimit = 10_000
  private static let nameByteLimit = 4 << 20

  /// - Returns: the paths of the files.
  func run(prefix: String, into destination: String) throws(StorageError) -> [String] {
    var prefix = prefix
    while prefix.hasSuffix("/") { prefix.removeLast() }
    var jobs: [Job] = []
    for object in try objects(prefix) {
      let relative =
        object.name == prefix
        ? object.name.split(separator: "/").last.map(String.init) ?? object.name
        : String(object.name.dropFirst(prefix.isEmpty ? 0 : prefix.count + 1))
      let path = try ObjectPath.validated(relative, source: store.source)
      jobs.append(Job(object: object, path: "\(destination)/\(path)"))
    }
    try download(jobs)
    return jobs.map(\.path)
  }

  private struct Job: Sendable {
    let object: StoredObject
    let path: String
  }

  private func objects(_ prefix: String) throws(StorageError) -> [StoredObject] {
    var found: [StoredObject] = []
    var nameBytes = 0
    var token: String?
    for _ in 0..<Self.pageLimit {
      let page = try store.page(prefix: prefix, token: token)
      for object in page.objects where isBelow(object.name, prefix) {
        found.append(object)
        nameBytes += object.name.utf8.count
      }
      if found.count > Self.objectLimit || nameBytes > Self.nameByteLimit { break }
      guard let next = page.next else { return found }
      guard next != token else {
        throw StorageError(
          .downloadFailed, "\(store.source): the store names the same next page again and again")
      }
      token = next
    }
    throw StorageError(
      .badSource,
      "\(store.source) holds more than \(Self.objectLimit) objects, too many for a model folder; "
        + "narrow the path")
  }

  /// A name that ends in a slash only marks a folder.
  private func isBelow(_ name: String, _ prefix: String) -> Bool {
    !name.hasSuffix("/") && (prefix.isEmpty || name == prefix || name.hasPrefix(prefix + "/"))
  }

  // MARK: several at a time

  private func download(_ jobs: [Job]) throws(StorageError) {
    let queue = JobQueue(count: jobs.count)
    let workers = min(max(1, concurrency), jobs.count)
    let finished = BlockingQueue<Bool>(capacity: max(1, workers))
    var started = 0
    let store = store
    for index in 1..<max(1, workers) {
      let isRunning =
        (try? NamedThread.start("fetch-\(index)") {
          queue.work { job throws(StorageError) in try store.download(jobs[job].object, to: jobs[job].path) }
          _ = finished.put(true)
        }) != nil
      started += isRunning ? 1 : 0
    }
    queue.work { job throws(StorageError) in try store.download(jobs[job].object, to: jobs[job].path) }
    while started > 0 { started -= finished.takeBatch(limit: started).count }
    if let failure = queue.failure { throw failure }
  }
}

/// Hands out the numbers of jobs until all are done or one has failed.
private final class JobQueue: Sendable {
  private let count: Int
  private let state = Mutex(State())

  private struct State {
    var next = 0
    var failure: StorageError?
  }

  init(count: Int) { self.count = count }

  var failure: StorageError? { state.withLock { $0.failure } }

  func work(_ body: (Int) throws(StorageError) -> Void) {
    while let job = take() {
      do throws(StorageError) {
        try body(job)
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }
}
