import Basics
import KubeProtocol
import Synchronization
import Testing

@testable import APIServer

private final class Order: Sendable {
  private let seen = Mutex<[String]>([])
  var users: [String] { seen.withLock { $0 } }
  func add(_ user: String) { seen.withLock { $0.append(user) } }
}

@Suite struct RequestLanesTests {
  @Test func aFullLaneRefusesAtOnceAndTheOtherGoesOn() async throws {
    let lanes = RequestLanes(
      reads: .init(running: 1, waiting: 0, waitingPerUser: 0),
      writes: .init(running: 1, waiting: 0, waitingPerUser: 0))
    let refused = await kubeError {
      try await lanes.run(.read, user: "a") { try await lanes.run(.read, user: "b") {} }
    }
    #expect(refused?.code == 429)
    #expect(refused?.retryAfterSeconds == 1)
    try await lanes.run(.read, user: "a") { try await lanes.run(.write, user: "a") {} }
    try await lanes.run(.read, user: "a") {}
  }

  @Test func thoseThatWaitTakeTurns() async throws {
    let lanes = RequestLanes(
      reads: .init(running: 1, waiting: 10, waitingPerUser: 3),
      writes: .init(running: 1, waiting: 0, waitingPerUser: 0))
    let order = Order()
    let (held, release) = AsyncStream.makeStream(of: Void.self)
    let holder = Task { try await lanes.run(.read, user: "busy") { for await _ in held {} } }
    var tasks: [Task<Void, any Error>] = []
    while !lanes.isBusy(.read) { await Task.yield() }
    for user in ["busy", "busy", "busy", "calm"] {
      let before = lanes.waitingCount(.read)
      tasks.append(Task { try await lanes.run(.read, user: user) { order.add(user) } })
      while lanes.waitingCount(.read) == before { await Task.yield() }
    }
    let full = await kubeError { try await lanes.run(.read, user: "busy") {} }
    #expect(full?.code == 429)
    release.finish()
    try await holder.value
    for task in tasks { try await task.value }
    let seen = order.users
    #expect(seen.count == 4)
    #expect(seen.prefix(2).contains("calm"))
  }

  @Test func whoIsCancelledLeavesTheQueue() async throws {
    let lanes = RequestLanes(
      reads: .init(running: 1, waiting: 1, waitingPerUser: 1),
      writes: .init(running: 1, waiting: 0, waitingPerUser: 0))
    try await lanes.run(.read, user: "a") {
      let waiting = Task { try await lanes.run(.read, user: "b") {} }
      while lanes.waitingCount(.read) == 0 { await Task.yield() }
      waiting.cancel()
      _ = await waiting.result
      #expect(lanes.waitingCount(.read) == 0)
    }
    try await lanes.run(.read, user: "c") {}
  }
}
