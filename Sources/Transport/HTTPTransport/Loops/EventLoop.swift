public import Linux
internal import Synchronization

/// One thread with its descriptors, timers and jobs. What a loop owns never leaves its thread.
/// `@unchecked Sendable`: the mutable state is touched only on the loop's thread, but for `jobs`, which has a
/// lock.
public final class EventLoop: @unchecked Sendable {
  typealias Job = @Sendable () -> Void

  /// Position in its group.
  public let index: Int

  /// Jobs that `submit` lets wait.
  private static let jobCapacity = 65_536
  private static let receiveBytes = 128 * 1024

  private let epoll: Epoll
  private let wakeup: EventDescriptor
  private let thread = Atomic<UInt>(0)
  private let jobs = Mutex(Jobs())
  /// Whether there may be pending jobs; written under the lock.
  private let hasJobs = Atomic<Bool>(false)
  private let counter = SystemCallCounter()

  // Loop thread only, from here on.
  private(set) var clock = LoopClock()
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private let timers = TimerQueue()
  private var deferred: [() -> Void] = []
  private var flushes: [Channel] = []
  private var flushing: [Channel] = []
  private var isStopping = false
  private var client: LoopHTTPClient?
  /// Where sockets are read into; views of it are valid until the next read.
  let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: receiveBytes, alignment: 64)
  /// What one send takes together.
  let sendPieces = SendPieces()
  /// Where TLS decrypts to.
  let plainBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 * 1024, alignment: 64)

  private struct Jobs {
    var pending: [Job] = []
    var isClosed = false
    var onStopped: [Job] = []
  }

  private struct Slot {
    var generation: UInt32
    var handler: (any LoopHandler)?
  }

  init(index: Int) throws(LinuxError) {
    self.index = index
    epoll = try Epoll()
    wakeup = try EventDescriptor()
    try epoll.add(wakeup.descriptor, .readable, registration: UInt64.max)
  }

  deinit {
    receiveBuffer.deallocate()
    plainBuffer.deallocate()
  }

  /// How often this loop's thread has entered the kernel for its connections; from any thread.
  public var systemCalls: SystemCallCounts { counter.counts }

  /// Whether the caller is on this loop's thread.
  public var isCurrent: Bool { thread.load(ordering: .relaxed) == ThreadIdentity.current.rawValue }

  /// Runs `job` on the loop's thread soon. From any thread; the queue is bounded.
  /// - Returns: false where the queue is full or the loop has ended; the job will not run then.
  @discardableResult
  public func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
    enqueue(job, capacity: Self.jobCapacity)
  }

  /// As `submit`, for answers to what the loop itself handed out: their number is bounded by the open
  /// exchanges.
  @discardableResult
  func post(_ job: @escaping Job) -> Bool { enqueue(job, capacity: .max) }

  /// Calls `action` on the loop's thread after `delay`. Only from the loop's thread.
  @discardableResult
  public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> LoopTimer {
    timers.add(at: deadline(after: delay), firesAtEnd: false, action)
  }

  /// This loop's client for plain HTTP upstreams, made on first use. Only from the loop's thread.
  public var httpClient: LoopHTTPClient {
    if let client { return client }
    let made = LoopHTTPClient(loop: self)
    client = made
    return made
  }

  private func enqueue(_ job: @escaping Job, capacity: Int) -> Bool {
    let (accepted, wasEmpty) = jobs.withLock { jobs -> (Bool, Bool) in
      if jobs.isClosed || jobs.pending.count >= capacity { return (false, false) }
      jobs.pending.append(job)
      hasJobs.store(true, ordering: .releasing)
      return (true, jobs.pending.count == 1)
    }
    if accepted && wasEmpty { wakeup.signal() }
    return accepted
  }
}

// MARK: for the channels on this loop, all on its thread

extension EventLoop {
  /// A moment on this loop's clock.
  func deadline(after delay: Duration) -> UInt64 {
    let (seconds, attoseconds) = delay.components
    if seconds < 0 { return clock.now }
    let nanoseconds = UInt64(clamping: min(seconds, 1 << 32)) &* 1_000_000_000
    return clock.now &+ nanoseconds &+ UInt64(clamping: attoseconds / 1_000_000_000)
  }

  /// A deadline: its action is also called when the loop ends, so that whoever waits for something learns of
  /// it.
  func timer(at deadline: UInt64, _ action: @escaping () -> Void) -> LoopTimer {
    timers.add(at: deadline, firesAtEnd: true, action)
  }

  /// - Returns: the registration, for `modify` and `remove`.
  func register(_ descriptor: Int32, _ events: EpollEvents, _ handler: any LoopHandler) throws(LinuxError)
    -> UInt64
  {
    if isStopping { throw LinuxError.shutDown("register") }
    let index: Int
    if let free = freeSlots.popLast() {
      index = free
      slots[index].handler = handler
    } else {
      index = slots.count
      slots.append(Slot(generation: 1, handler: handler))
    }
    let registration = UInt64(slots[index].generation) << 32 | UInt64(index)
    do {
      try epoll.add(descriptor, events, registration: registration)
    } catch {
      release(registration)
      throw error
    }
    return registration
  }

  func modify(_ descriptor: Int32, _ events: EpollEvents, _ registration: UInt64) throws(LinuxError) {
    try epoll.modify(descriptor, events, registration: registration)
  }

  /// Events of the descriptor that are already fetched are dropped.
  func remove(_ descriptor: Int32, _ registration: UInt64) {
    epoll.remove(descriptor)
    release(registration)
  }

  private func release(_ registration: UInt64) {
    let index = Int(registration & 0xFFFF_FFFF)
    slots[index].handler = nil
    slots[index].generation &+= 1
    freeSlots.append(index)
  }

  /// Runs `action` at the end of this turn, before the channels send. Only from the loop's thread.
  public func afterEvents(_ action: @escaping () -> Void) { deferred.append(action) }

  /// Has the channel send at the end of this turn: one call for all answers of the turn.
  func flushAtEndOfTurn(_ channel: Channel) { flushes.append(channel) }
}

// MARK: the thread

extension EventLoop {
  func start(name: String) throws(LinuxError) {
    try NamedThread.start(name) { self.run() }
  }

  /// Ends the loop; `onStopped` is called once its thread is done with everything.
  func stop(_ onStopped: @escaping @Sendable () -> Void = {}) {
    let alreadyStopped = jobs.withLock { jobs -> Bool in
      if jobs.isClosed { return true }
      jobs.onStopped.append(onStopped)
      return false
    }
    if alreadyStopped {
      onStopped()
    } else {
      post { self.isStopping = true }
    }
  }

  private func run() {
    thread.store(ThreadIdentity.current.rawValue, ordering: .relaxed)
    counter.start()
    defer { SystemCallCounter.stop() }
    let events = EpollEventBuffer()
    clock.update()
    while !isStopping {
      do {
        try epoll.wait(into: events, timeoutMilliseconds: waitMilliseconds()) { events, registration in
          self.dispatch(events, registration)
        }
      } catch {
        // Only a programming error (a closed epoll descriptor) gets here; waiting on would spin.
        StandardStreams.writeError("event loop \(index) ends: \(error)\n")
        isStopping = true
      }
      endTurn()
    }
    end()
  }

  private func dispatch(_ events: EpollEvents, _ registration: UInt64) {
    if registration == UInt64.max {
      wakeup.drain()
      return
    }
    clock.updateIfStale()
    let index = Int(registration & 0xFFFF_FFFF)
    guard index < slots.count, slots[index].generation == UInt32(registration >> 32) else { return }
    slots[index].handler?.ready(events)
  }

  private func endTurn() {
    clock.update()
    if hasJobs.load(ordering: .acquiring) { runJobs() }
    timers.fire(now: clock.now)
    // What a deferred action defers runs in the next turn, so that nobody can hold the loop.
    if !deferred.isEmpty {
      let actions = exchange(&deferred, [])
      for action in actions { action() }
    }
    while !flushes.isEmpty {
      // The two lists take turns, so that neither is ever allocated anew.
      swap(&flushes, &flushing)
      for index in flushing.indices { flushing[index].flush() }
      flushing.removeAll(keepingCapacity: true)
    }
  }

  private func runJobs() {
    let pending = jobs.withLock { jobs -> [Job] in
      hasJobs.store(false, ordering: .relaxed)
      return exchange(&jobs.pending, [])
    }
    for job in pending { job() }
  }

  private func waitMilliseconds() -> Int32 {
    if !deferred.isEmpty || !flushes.isEmpty { return 0 }
    guard let next = timers.nextKey else { return -1 }
    clock.update()
    if next <= clock.now { return 0 }
    // Rounded up: waking early would only spin.
    return Int32(clamping: (next &- clock.now &+ 999_999) / 1_000_000)
  }

  private func end() {
    for slot in slots { slot.handler?.loopStopping() }
    timers.end()
    endTurn()
    client = nil
    let onStopped = jobs.withLock { jobs -> [Job] in
      jobs.isClosed = true
      return exchange(&jobs.onStopped, [])
    }
    // What was accepted before is still run, and what it defers.
    for _ in 0..<8 { endTurn() }
    deferred.removeAll()
    slots.removeAll()
    for action in onStopped { action() }
  }
}

/// Whatever has a descriptor on a loop.
protocol LoopHandler: AnyObject {
  func ready(_ events: EpollEvents)
  /// The loop ends: close everything.
  func loopStopping()
}

/// The monotonic clock, read once or twice per turn.
struct LoopClock {
  private(set) var now: UInt64 = 0
  private var isFresh = false

  mutating func update() {
    now = MonotonicClock.nanoseconds
    isFresh = false
  }

  /// For the first event after a wait.
  mutating func updateIfStale() {
    if isFresh { return }
    now = MonotonicClock.nanoseconds
    isFresh = true
  }
}

/// The old value, with a new one in its place.
func exchange<Value>(_ place: inout Value, _ new: Value) -> Value {
  let old = place
  place = new
  return old
}
