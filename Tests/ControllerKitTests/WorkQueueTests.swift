import Basics
import ControllerKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct WorkQueueTests {
  let clock = SimulatedClock()

  /// When the timers' task wakes next; it may be about to go to sleep.
  private func nextWake() async -> Duration {
    while true {
      if let wake = clock.nextWake { return wake }
      await Task.yield()
    }
  }

  @Test func aKeyThatIsAddedTwiceComesOnce() async {
    let queue = WorkQueue<String>(clock: clock)
    queue.add("a")
    queue.add("a")
    queue.add("b")
    #expect(await queue.next() == "a")
    #expect(await queue.next() == "b")
    #expect(queue.count == 2)
    queue.done("a")
    queue.done("b")
    #expect(queue.count == 0)
  }

  @Test func aKeyInWorkIsNotHandedOutAgainUntilItIsDone() async {
    let queue = WorkQueue<String>(clock: clock)
    queue.add("a")
    #expect(await queue.next() == "a")
    queue.add("a")
    queue.add("b")
    #expect(await queue.next() == "b")
    queue.done("a")
    #expect(await queue.next() == "a")
  }

  @Test func aWaitingWorkerGetsTheKeyAtOnce() async {
    let queue = WorkQueue<String>(clock: clock)
    async let key = queue.next()
    await Task.yield()
    queue.add("a")
    #expect(await key == "a")
  }

  @Test func aCancelledWorkerGetsNil() async {
    let queue = WorkQueue<String>(clock: clock)
    let worker = Task { await queue.next() }
    worker.cancel()
    #expect(await worker.value == nil)
    queue.add("a")
    #expect(await queue.next() == "a")
  }

  @Test func retriesComeLaterAndLater() async {
    let queue = WorkQueue<String>(clock: clock)
    let timers = Task { await queue.runTimers() }
    defer { timers.cancel() }
    for expected in [5, 10, 20, 40] {
      queue.retry("a")
      #expect(await nextWake() == .milliseconds(expected))
      clock.advance(by: .milliseconds(expected))
      #expect(await queue.next() == "a")
      queue.done("a")
    }
    queue.forget("a")
    #expect(queue.retry("a") == 1)
    #expect(await nextWake() == .milliseconds(5))
  }

  @Test func theLongestRetryDelayIsAMinute() {
    let retry = Backoff(initial: .milliseconds(5), maximum: .seconds(60))
    #expect(retry.delay(attempt: 500) == .seconds(60))
  }

  @Test func theEarlierOfTwoDelaysStands() async {
    let queue = WorkQueue<String>(clock: clock)
    let timers = Task { await queue.runTimers() }
    defer { timers.cancel() }
    queue.add("a", after: .seconds(5))
    queue.add("a", after: .seconds(50))
    #expect(await nextWake() == .seconds(5))
    clock.advance(by: .seconds(5))
    #expect(await queue.next() == "a")
    queue.done("a")
    #expect(queue.count == 0)
  }

  @Test func anAdditionNowReplacesADelayedOne() async {
    let queue = WorkQueue<String>(clock: clock)
    queue.add("a", after: .seconds(5))
    queue.add("a")
    #expect(await queue.next() == "a")
    queue.done("a")
    #expect(queue.count == 0)
  }

  @Test func aFullQueueRefusesAndSaysSoWhenThereIsRoomAgain() async {
    let queue = WorkQueue<Int>(clock: clock, capacity: 4)
    for key in 0..<4 { #expect(queue.add(key)) }
    #expect(!queue.add(4))
    #expect(!queue.takeOverflow())
    for _ in 0..<2 { if let key = await queue.next() { queue.done(key) } }
    #expect(queue.takeOverflow())
    #expect(!queue.takeOverflow())
  }

  @Test func manyWorkersNeverHaveTheSameKey() async {
    let queue = WorkQueue<Int>(clock: clock)
    let inWork = Recorder()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          while let key = await queue.next() {
            await inWork.begin(key)
            await Task.yield()
            await inWork.end(key)
            queue.done(key)
          }
        }
      }
      for round in 0..<500 {
        queue.add(round % 7)
        if round % 10 == 0 { await Task.yield() }
      }
      while queue.count > 0 { await Task.yield() }
      group.cancelAll()
    }
    #expect(await inWork.collisions == 0)
    #expect(await inWork.finished >= 7)
  }

  actor Recorder {
    private var active: Set<Int> = []
    private(set) var collisions = 0
    private(set) var finished = 0

    func begin(_ key: Int) { if !active.insert(key).inserted { collisions += 1 } }
    func end(_ key: Int) {
      active.remove(key)
      finished += 1
    }
  }
}
