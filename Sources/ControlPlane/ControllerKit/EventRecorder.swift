public import Basics
internal import Formats
public import KubeClient
public import KubeProtocol
public import Linux
internal import Synchronization
internal import Telemetry

/// Writes core/v1 Events about objects. Recording never waits: a bounded buffer takes the event, `run()`
/// writes it. The same event again raises `count` of the one that is there; one object may make 25 different
/// events at once and then one every five minutes, as upstream allows.
public final class EventRecorder: Sendable {
  public enum EventType: String, Sendable {
    case normal = "Normal"
    case warning = "Warning"
  }

  private struct Occurrence: Hashable {
    var object: InvolvedObject
    var type: String
    var reason: String
    var message: String
  }

  private struct InvolvedObject: Hashable {
    var apiVersion: String
    var kind: String
    var namespace: String
    var name: String
    var uid: String
    var resourceVersion: String
    var fieldPath: String

    var identity: Fingerprint { Fingerprint([kind, namespace, name, uid]) }
    var eventNamespace: String { namespace.isEmpty ? "default" : namespace }
    /// The name must be unique per object, not per moment.
    func eventName(_ suffix: UInt64) -> String { "\(name.prefix(230)).\(String(suffix, radix: 16))" }
  }

  /// Stands for texts that would be too many to keep.
  private struct Fingerprint: Hashable {
    private let first: Int
    private let second: Int

    init(_ parts: some Hashable) {
      var first = Hasher()
      var second = Hasher()
      second.combine(1)
      first.combine(parts)
      second.combine(parts)
      self.first = first.finalize()
      self.second = second.finalize()
    }
  }

  private struct Written {
    /// Of the event's name.
    var suffix: UInt64
    var count: Int64
  }

  private struct Allowance {
    var tokens: Double
    var refilled: Duration
  }

  private struct State {
    var pending: [(occurrence: Occurrence, at: Timestamp)] = []
    var dropped = 0
  }

  private static let pendingLimit = 1024
  private static let rememberedLimit = 1024
  private static let burst = 25.0
  private static let refillPerSecond = 1.0 / 300

  private let client: KubeClient
  private let component: String
  private let host: String
  private let clock: any SleepingClock
  private let random: any RandomSource
  private let log: Logger
  private let state = Mutex(State())
  private let filled = WakeSignal()

  /// - Parameters:
  ///   - component: the source: `deployment-controller`, `kubelet`, …
  ///   - host: the node's name, for events of a node agent.
  public init(
    client: KubeClient, component: String, host: String = "", clock: any SleepingClock = SystemClock(),
    random: any RandomSource = SystemRandom()
  ) {
    self.client = client
    self.component = component
    self.host = host
    self.clock = clock
    self.random = random
    log = Logger("events")
  }

  /// - Parameters:
  ///   - reason: one word in upper camel case.
  ///   - message: one sentence; cut at 1024 bytes.
  ///   - fieldPath: a part of the object: `spec.containers{name}`.
  public func record(
    _ object: KubeObject, _ type: EventType, reason: String, message: String, fieldPath: String = ""
  ) {
    let involved = InvolvedObject(
      apiVersion: object.apiVersion, kind: object.kind, namespace: object.namespace, name: object.name,
      uid: object.uid, resourceVersion: object.resourceVersion, fieldPath: fieldPath)
    let occurrence = Occurrence(
      object: involved, type: type.rawValue, reason: reason, message: Self.cut(message))
    let now = clock.now()
    state.withLock { state in
      if state.pending.count < Self.pendingLimit {
        state.pending.append((occurrence, now))
      } else {
        state.dropped &+= 1
      }
    }
    filled.signal()
  }

  /// Writes what is recorded until the task is cancelled. A failed write is logged and the event dropped:
  /// events are notes, not state.
  public func run() async {
    var written: [Fingerprint: Written] = [:]
    var allowances: [Fingerprint: Allowance] = [:]
    while !Task.isCancelled {
      await filled.wait()
      let (batch, dropped) = state.withLock { state in
        defer {
          state.pending = []
          state.dropped = 0
        }
        return (state.pending, state.dropped)
      }
      if dropped > 0 { log.warning("too many events at once; some were dropped", ["count": "\(dropped)"]) }
      for (occurrence, time) in batch where isAllowed(occurrence, &allowances) {
        do {
          try await write(occurrence, at: time, &written)
        } catch is CancellationError {
          return
        } catch {
          log.debug("event not written", ["reason": occurrence.reason, "cause": "\(error)"])
        }
      }
      if written.count > Self.rememberedLimit { written = [:] }
      if allowances.count > Self.rememberedLimit { allowances = [:] }
    }
  }

  private func isAllowed(_ occurrence: Occurrence, _ allowances: inout [Fingerprint: Allowance]) -> Bool {
    let now = clock.monotonicNow()
    let identity = occurrence.object.identity
    var allowance = allowances[identity] ?? Allowance(tokens: Self.burst, refilled: now)
    let elapsed = Double((now - allowance.refilled).components.seconds)
    if elapsed > 0 {
      allowance.tokens = min(Self.burst, allowance.tokens + elapsed * Self.refillPerSecond)
      allowance.refilled = now
    }
    defer { allowances[identity] = allowance }
    guard allowance.tokens >= 1 else { return false }
    allowance.tokens -= 1
    return true
  }

  private func write(
    _ occurrence: Occurrence, at time: Timestamp, _ written: inout [Fingerprint: Written]
  ) async throws {
    var unrevised = occurrence
    unrevised.object.resourceVersion = ""
    let identity = Fingerprint(unrevised)
    let object = occurrence.object
    if let earlier = written[identity] {
      let count = earlier.count &+ 1
      do {
        try await client.patch(
          .events, namespace: object.eventNamespace, name: object.eventName(earlier.suffix),
          ["count": .int(count), "lastTimestamp": .string(time.rfc3339)])
        written[identity]?.count = count
        return
      } catch let error as KubeError where error.reason == .notFound {
        written[identity] = nil
      }
    }
    let suffix = random.next()
    try await client.create(.events, makeEvent(occurrence, time, suffix))
    written[identity] = Written(suffix: suffix, count: 1)
  }

  private func makeEvent(_ occurrence: Occurrence, _ time: Timestamp, _ suffix: UInt64) -> KubeObject {
    let object = occurrence.object
    var event = KubeObject(.events, namespace: object.eventNamespace, name: object.eventName(suffix))
    var involved: JSONValue = ["kind": .string(object.kind), "name": .string(object.name)]
    let optional = [
      ("namespace", object.namespace), ("uid", object.uid), ("apiVersion", object.apiVersion),
      ("resourceVersion", object.resourceVersion), ("fieldPath", object.fieldPath),
    ]
    for (key, value) in optional where !value.isEmpty { involved[key] = .string(value) }
    event["involvedObject"] = involved
    event["reason"] = .string(occurrence.reason)
    event["message"] = .string(occurrence.message)
    event["source"] =
      host.isEmpty
      ? ["component": .string(component)]
      : ["component": .string(component), "host": .string(host)]
    event["firstTimestamp"] = .string(time.rfc3339)
    event["lastTimestamp"] = .string(time.rfc3339)
    event["count"] = 1
    event["type"] = .string(occurrence.type)
    event["eventTime"] = .null
    event["reportingComponent"] = .string(component)
    event["reportingInstance"] = .string(host)
    return event
  }

  private static func cut(_ message: String) -> String {
    guard message.utf8.count > 1024 else { return message }
    var text = String(message.prefix(1020))
    while text.utf8.count > 1020 { text.removeLast() }
    return text + "..."
  }
}
