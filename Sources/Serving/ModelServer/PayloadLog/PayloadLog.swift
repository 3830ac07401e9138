internal import Basics
internal import Crypto
internal import Formats
internal import HTTPTransport
internal import HTTPWire
internal import InferenceProtocol
internal import Linux
internal import Synchronization
internal import Telemetry

/// Copies requests and answers to a sink as CloudEvents (binary form, version 1.0, with upstream's types and
/// attributes). Never delays a request: a bounded buffer takes the copy, tasks of its own post it, and what
/// finds no room is dropped and counted.
public final class PayloadLog: Sendable {
  private struct Event: Sendable {
    var headers: HTTPHeaders
    var body: Bytes
  }

  private struct State {
    var pending: [Event] = []
    var bytes = 0
    var dropped = 0
    var isEnding = false
  }

  /// Events, and bytes in all, that wait at a time.
  static let eventLimit = 1024
  static let byteLimit = 64 * ByteCount.mebibyte
  private static let workers = 4
  private static let timeout: Duration = .seconds(10)
  private static let flushTimeout: Duration = .seconds(5)

  private let settings: PayloadLogSettings
  private let group: EventLoopGroup
  private let client: HTTPClient
  private let random: any RandomSource
  private let clock: any SleepingClock
  private let log: Logger
  private let state = Mutex(State())
  private let filled = WakeSignal()
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(
    _ settings: PayloadLogSettings, random: any RandomSource = SystemRandom(),
    clock: any SleepingClock = SystemClock()
  ) throws {
    self.settings = settings
    self.random = random
    self.clock = clock
    log = Logger("payloads", minimumLevel: Logger.serverLevel)
    group = try EventLoopGroup(loops: 1, name: "payloads")
    var tls: TLSClientContext?
    if settings.url.hasPrefix("https:") {
      let authority = try settings.authorityFile.map {
        String(decoding: try Files.read($0, limit: 1 << 20), as: UTF8.self)
      }
      tls = try TLSClientContext(authorityPEM: authority)
    }
    client = HTTPClient(group: group, tls: tls)
  }

  /// By the variables; nil where nothing is to be copied, or cannot be, which is said.
  static func start(
    log: Logger, variable: (String) -> String? = { ProcessEnvironment.variable($0) }
  ) -> PayloadLog? {
    do {
      guard let settings = try PayloadLogSettings(variable: variable) else { return nil }
      let payloads = try PayloadLog(settings)
      payloads.begin()
      log.info("payloads are copied", ["to": settings.url, "mode": settings.mode.rawValue])
      return payloads
    } catch {
      log.warning("payloads are not copied", ["cause": "\(error)"])
      return nil
    }
  }

  func begin() { task.withLock { $0 = Task { await self.run() } } }

  /// How many events found no room or no sink.
  var dropped: Int { state.withLock { $0.dropped } }

  /// How many events wait to be sent.
  var waiting: Int { state.withLock { $0.pending.count } }

  // MARK: recording

  /// Takes a request, where requests are copied.
  /// - Returns: the call's id, for its answer; nil for what is no inference.
  func request(_ head: HTTPRequestHead, _ body: @autoclosure () -> Bytes) -> String? {
    guard head.method == "POST" else { return nil }
    let id = head.headers["Ce-Id"].flatMap { $0.isEmpty ? nil : $0 } ?? random.uuid()
    if settings.mode != .response {
      put("request", id, head.headers["Content-Type"], metadata(head), body())
    }
    return id
  }

  /// Takes the answer of a call; as upstream, only a good one.
  func response(
    _ id: String, to head: HTTPRequestHead, status: Int, contentType: String, _ body: @autoclosure () -> Bytes
  ) {
    guard settings.mode != .request, status == 200 else { return }
    put("response", id, contentType, metadata(head), body())
  }

  private func put(
    _ type: String, _ id: String, _ contentType: String?, _ metadata: String?, _ body: Bytes
  ) {
    let now = clock.now().rfc3339Micro
    var headers = HTTPHeaders([
      ("ce-specversion", "1.0"), ("ce-id", id), ("ce-type", "org.kubeflow.serving.inference.\(type)"),
      ("ce-source", settings.source), ("ce-time", now), ("ce-recordedtime", now),
    ])
    for attribute in settings.attributes { headers.append("ce-\(attribute.name)", attribute.value) }
    if let metadata { headers.append("ce-metadata", metadata) }
    if let annotations = settings.annotations { headers.append("ce-annotations", annotations) }
    headers.append("Content-Type", contentType ?? "application/json")
    let event = Event(headers: headers, body: body)
    state.withLock { state in
      if state.pending.count >= Self.eventLimit || state.bytes + body.count > Self.byteLimit {
        state.dropped &+= 1
        return
      }
      state.pending.append(event)
      state.bytes += body.count
    }
    filled.signal()
  }

  /// The wanted request headers, as a JSON object of lists.
  private func metadata(_ head: HTTPRequestHead) -> String? {
    guard !settings.metadataHeaders.isEmpty else { return nil }
    var found: JSONValue = [:]
    for name in settings.metadataHeaders {
      if let value = head.headers[name] { found[name] = [.string(value)] }
    }
    return found.encodedText
  }

  // MARK: sending

  private func run() async {
    while true {
      await filled.wait()
      await sendAll()
      if Task.isCancelled || state.withLock({ $0.isEnding }) { return }
    }
  }

  private func sendAll() async {
    await withDiscardingTaskGroup { group in
      for _ in 0..<Self.workers {
        group.addTask {
          while !Task.isCancelled, let event = self.take() { await self.send(event) }
        }
      }
    }
  }

  private func take() -> Event? {
    state.withLock { state in
      guard !state.pending.isEmpty else { return nil }
      let event = state.pending.removeFirst()
      state.bytes -= event.body.count
      return event
    }
  }

  private func send(_ event: Event) async {
    let request = HTTPClientRequest(
      method: "POST", url: settings.url, headers: event.headers, body: event.body, timeout: Self.timeout)
    var cause = ""
    do {
      let response = try await client.send(request)
      if (200..<300).contains(response.head.status) { return }
      cause = "it answered \(response.head.status)"
    } catch {
      cause = "\(error)"
    }
    let dropped = state.withLock { state in
      state.dropped &+= 1
      return state.dropped
    }
    // A sink that is away is told now and then, not per request.
    if dropped & (dropped - 1) == 0 {
      log.warning("a payload could not be sent to \(settings.url): \(cause)", ["dropped": "\(dropped)"])
    }
  }

  /// Sends what is left, for a short while; call it once.
  func finish() async {
    state.withLock { $0.isEnding = true }
    filled.signal()
    let running = task.withLock { $0 }
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await running?.value }
      tasks.addTask {
        // Cancelled where everything was sent in time.
        try? await self.clock.sleep(for: Self.flushTimeout)
        running?.cancel()
      }
      await tasks.next()
      tasks.cancelAll()
    }
    await group.shutdown()
  }
}

extension ServerAnswer {
  /// The body with the tensors that follow it.
  var wholeBody: Bytes {
    var bytes = body
    for tensor in tensors { tensor.withBinary { bytes.append(contentsOf: $0) } }
    return bytes
  }
}
