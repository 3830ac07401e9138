internal import Basics
internal import HTTPTransport
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Synchronization

/// Answers the cheap and plain requests of one loop without allocating: finds the model by the bytes of the
/// target, reads the numbers into memory of its own, predicts by the model's `RowModel` and writes the answer
/// where it is sent from. Everything else is the general path's, which answers these requests in the same
/// way.
/// `@unchecked Sendable`: used on its loop's thread only.
final class DirectPath: @unchecked Sendable {
  private let repository: ModelRepository
  private let dialect: any V2Dialect
  private let loopNanoseconds: Double
  private var random = RandomPool()
  private let shard: Int
  private let answered: Counter
  private let started: Counter
  private let finished: Counter
  private var table = DirectTable()
  private let seed: UInt64

  private let input: DirectInput.Room
  /// Where answers to long requests are written; made when the first one comes.
  private var longAnswer: UnsafeMutableRawBufferPointer?
  private let output: UnsafeMutableRawPointer
  private var scratch: UnsafeMutableRawPointer
  private var scratchBytes = 4096

  /// Elements that a request may bring; longer ones are the general path's.
  private static let inputElements = 64 * 1024
  private static let outputBytes = 256 * 1024
  private static let longAnswerBytes = 1 << 20
  private static let scratchLimit = 4 << 20

  init(_ context: ServingContext, shard: Int) {
    repository = context.repository
    dialect = context.options.dialect
    loopNanoseconds = context.options.loopNanoseconds
    self.shard = shard
    let counters = context.metrics.shard(shard)
    answered = counters.answers[ServerMetrics.statuses.firstIndex(of: 200) ?? 0]
    started = counters.started
    finished = counters.finished
    seed = SystemRandom().next()
    input = DirectInput.Room(
      start: .allocate(byteCount: Self.inputElements * 8, alignment: 64), capacity: Self.inputElements)
    output = .allocate(byteCount: Self.outputBytes, alignment: 64)
    scratch = .allocate(byteCount: scratchBytes, alignment: 64)
  }

  /// Whether a server with these options may answer so: other dialects look at more of a request, and the
  /// latency log and traces tell of each.
  static func isAllowed(by options: ServingContext.Options) -> Bool {
    options.dialect is KServeDialect && options.latencyLog == nil && options.tracer == nil
      && options.payloads == nil
  }

  deinit {
    input.start.deallocate()
    output.deallocate()
    scratch.deallocate()
    longAnswer?.deallocate()
  }

  /// The longest body that is looked at here.
  static let longestBody = 768 * 1024

  /// Answers a request whose body was received in memory of its own: a table of many rows.
  /// - Returns: the answer's body, valid until the next call; nil as for short ones.
  func answerLong(_ request: DirectRequest) -> UnsafeRawBufferPointer? {
    guard request.body.count <= Self.longestBody else { return nil }
    let place =
      longAnswer
      ?? UnsafeMutableRawBufferPointer.allocate(byteCount: Self.longAnswerBytes, alignment: 64)
    longAnswer = place
    var room = input
    room.onlyByVectors = true
    return answer(request, from: room, into: place).map {
      UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(place)[..<$0])
    }
  }

  /// - Returns: the length of the answer's body; nil where the general path must answer, and nothing was
  ///   counted then.
  func answer(_ request: DirectRequest, into place: UnsafeMutableRawBufferPointer) -> Int? {
    answer(request, from: input, into: place)
  }

  @inline(__always)
  private func answer(
    _ request: DirectRequest, from input: DirectInput.Room, into place: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard let index = find(request.target) else { return nil }
    let model = table.model(at: index)
    let isV1 = table.isV1(at: index)
    guard let ready = model.ready else { return nil }
    let begin = MonotonicClock.nanoseconds
    let parsed =
      isV1
      ? DirectInput.readV1(request.body, into: input) : DirectInput.readV2(request.body, into: input)
    guard let parsed, parsed.columns == ready.columns, let batch = parsed.batch(input),
      fits(ready, parsed.rows, place.count), isCheap(ready, parsed.rows)
    else { return nil }
    let decoded = MonotonicClock.nanoseconds
    guard ready.rows.predict(batch, into: output, scratch: scratch) else { return nil }
    let predicted = MonotonicClock.nanoseconds
    guard var text = DirectText(place) else { return nil }
    if isV1 {
      writeV1(ready, parsed.rows, &text)
    } else {
      writeV2(ready, parsed, request.body, &text)
    }
    guard text.isComplete else { return nil }
    ready.cost.record(rows: parsed.rows, nanoseconds: Int64(clamping: predicted &- decoded))
    count(ready, begin, decoded, predicted)
    return text.count
  }

  /// Otherwise the prediction is a worker's.
  private func isCheap(_ ready: DirectModel.Ready, _ rows: Int) -> Bool {
    ready.cost.nanoseconds(rows: rows) <= loopNanoseconds && ready.lane.pending.load(ordering: .relaxed) == 0
  }

  /// Room for the outputs, the model's scratch and the answer's text.
  private func fits(_ ready: DirectModel.Ready, _ rows: Int, _ room: Int) -> Bool {
    guard rows > 0, rows <= Self.inputElements, rows &* ready.outputRowBytes <= Self.outputBytes,
      rows &* ready.rowText &+ 1024 <= room
    else { return false }
    let needed = ready.rows.scratchBytes(rows: rows)
    if needed <= scratchBytes { return true }
    guard needed <= Self.scratchLimit else { return false }
    scratch.deallocate()
    scratchBytes = max(needed, min(scratchBytes * 2, Self.scratchLimit))
    scratch = .allocate(byteCount: scratchBytes, alignment: 64)
    return true
  }

  private func count(
    _ ready: DirectModel.Ready, _ begin: UInt64, _ decoded: UInt64, _ predicted: UInt64
  ) {
    let end = MonotonicClock.nanoseconds
    ready.metrics.preprocess.observe(nanoseconds: Int64(clamping: decoded &- begin))
    ready.metrics.predict.observe(nanoseconds: Int64(clamping: predicted &- decoded))
    ready.metrics.postprocess.observe(nanoseconds: Int64(clamping: end &- predicted))
    started.add(1)
    answered.add(1)
    finished.add(1)
  }

  // MARK: answers

  private func writeV2(
    _ ready: DirectModel.Ready, _ parsed: DirectInput, _ body: UnsafeRawBufferPointer,
    _ text: inout DirectText
  ) {
    text.append(ready.template.v2Start)
    if let id = parsed.id {
      text.append(UnsafeRawBufferPointer(rebasing: body[id]))
    } else {
      text.append(uuid: random.next(), random.next())
    }
    text.append(ready.template.v2Middle)
    text.append(decimal: parsed.rows)
    text.append(ready.template.v2Shape)
    writeElements(0..<parsed.rows &* (ready.outputColumns ?? 1), ready, &text)
    text.append(ready.template.v2End)
  }

  private func writeV1(_ ready: DirectModel.Ready, _ rows: Int, _ text: inout DirectText) {
    text.append(ready.template.v1Start)
    text.append(UInt8(ascii: "["))
    if let columns = ready.outputColumns {
      for row in 0..<rows {
        text.append(row > 0 ? UInt8(ascii: ",") : UInt8(ascii: "["))
        if row > 0 { text.append(UInt8(ascii: "[")) }
        writeElements(row &* columns..<(row &+ 1) &* columns, ready, &text)
        text.append(UInt8(ascii: "]"))
      }
    } else {
      writeElements(0..<rows, ready, &text)
    }
    text.append(UInt8(ascii: "]"))
    text.append(ready.template.v1End)
  }

  private func writeElements(_ range: Range<Int>, _ ready: DirectModel.Ready, _ text: inout DirectText) {
    for index in range {
      if index > range.lowerBound { text.append(UInt8(ascii: ",")) }
      text.append(element: index, of: ready.outputDatatype, in: output)
    }
  }

  // MARK: models

  private func find(_ target: UnsafeRawBufferPointer) -> Int? {
    let hash = DirectTable.hash(target, seed: seed)
    if let index = table.find(target, hash) {
      let model = table.model(at: index)
      return model.entry.isCurrent ? index : renew(index, model.entry.name)
    }
    return enter(target, hash)
  }

  private func renew(_ index: Int, _ name: String) -> Int? {
    guard let entry = repository.entry(name) else {
      // Gone: the general path says so. Rows of names that are no more go with all others.
      table.removeAll()
      return nil
    }
    table.replace(at: index, by: DirectModel(entry, shard: shard, dialect: dialect))
    return index
  }

  private func enter(_ target: UnsafeRawBufferPointer, _ hash: UInt64) -> Int? {
    guard let (name, isV1) = Self.parse(target), let entry = repository.entry(name) else { return nil }
    return table.insert(
      Bytes(target), hash, DirectModel(entry, shard: shard, dialect: dialect), isV1: isV1)
  }

  /// `/v2/models/<name>/infer` and `/v1/models/<name>:predict` with a name of unreserved characters.
  private static func parse(_ target: UnsafeRawBufferPointer) -> (name: String, isV1: Bool)? {
    let text = String(decoding: target, as: UTF8.self)
    let name: Substring
    let isV1: Bool
    if text.hasPrefix("/v2/models/"), text.hasSuffix("/infer") {
      name = text.dropFirst(11).dropLast(6)
      isV1 = false
    } else if text.hasPrefix("/v1/models/"), text.hasSuffix(":predict") {
      name = text.dropFirst(11).dropLast(8)
      isV1 = true
    } else {
      return nil
    }
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126: true
      default: false
      }
    }
    guard isPlain, !name.isEmpty, name.utf8.count <= 256 else { return nil }
    return (String(name), isV1)
  }
}
