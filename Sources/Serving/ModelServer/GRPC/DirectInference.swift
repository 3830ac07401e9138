internal import Basics
internal import Formats
internal import HTTPTransport
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Synchronization

/// Answers the most common `ModelInfer` calls, one matrix of numbers for a model that maps rows to rows, in
/// one pass: from the message's bytes to the model to the answer's bytes, in memory that is kept.
/// `@unchecked Sendable`: each is used on one thread only, that of its event loop.
final class DirectInference: @unchecked Sendable {
  private let context: ServingContext
  /// The dialect changes neither names nor shapes.
  private let isPlain: Bool
  private var model: KnownRowModel?
  private var writer = ProtobufWriter()
  private var scratch = AlignedMemory()
  private var aligned = AlignedMemory()
  private var output = AlignedMemory()

  init(_ context: ServingContext) {
    self.context = context
    isPlain = Self.isAllowed(by: context.options)
  }

  static func isAllowed(by options: ServingContext.Options) -> Bool { options.dialect is KServeDialect }

  /// Answers a call.
  /// - Returns: false where the general path must answer; nothing was done then.
  func answer(_ message: UnsafeRawBufferPointer, _ call: GRPCCall) -> Bool {
    guard answer(message, loop: call.loop.index, limit: .max) else { return false }
    writer.bytes.withUnsafeBytes { call.send($0) }
    call.finish(.ok)
    return true
  }

  /// Writes the answer's message.
  /// - Returns: its length; nil where the general path must answer.
  func answer(
    _ message: UnsafeRawBufferPointer, loop: Int, into place: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard answer(message, loop: loop, limit: place.count) else { return nil }
    return writer.bytes.withUnsafeBytes { bytes in
      // Never beyond: `limit` has seen to that.
      let fitting = UnsafeRawBufferPointer(rebasing: bytes.prefix(place.count))
      place.copyMemory(from: fitting)
      return fitting.count
    }
  }

  /// Leaves the answer in `writer`.
  /// - Parameter limit: of the answer's bytes.
  private func answer(_ message: UnsafeRawBufferPointer, loop: Int, limit: Int) -> Bool {
    guard isPlain else { return false }
    let start = MonotonicClock.nanoseconds
    guard let view = ModelInferView(message), view.modelVersion.isEmpty,
      let model = find(view.modelName, loop: loop), model.columns == view.columns,
      model.isCheap(rows: view.rows, context.options.loopNanoseconds),
      let outputBytes = model.outputBytes(rows: view.rows),
      model.longestAnswer(id: view.id.count, outputBytes: outputBytes) <= limit
    else { return false }
    if let wanted = view.outputName, !model.isOutput(wanted) { return false }
    let place = output.reserve(outputBytes)
    let ready = MonotonicClock.nanoseconds
    let batch = RowBatch(rows: view.rows, columns: view.columns, values: values(of: view))
    let room = scratch.reserve(model.rows.scratchBytes(rows: view.rows))
    guard model.rows.predict(batch, into: place, scratch: room) else { return false }
    let predicted = MonotonicClock.nanoseconds
    encode(view, model, UnsafeRawBufferPointer(start: place, count: outputBytes))
    count(view, model, start, ready, predicted)
    return true
  }

  private func find(_ name: UnsafeRawBufferPointer, loop: Int) -> KnownRowModel? {
    if let model, model.isNamed(name), model.entry.isCurrent { return model }
    let text = String(decoding: name, as: UTF8.self)
    guard let entry = context.entry(text, loop: loop), entry.settings.runsOnLoop, let loaded = entry.loaded,
      let rows = loaded.rowModel
    else { return nil }
    model = KnownRowModel(entry: entry, rows: rows, context, loop: loop)
    return model
  }

  private func values(of view: ModelInferView) -> RowBatch.Values {
    let size = view.datatype.byteSize ?? 8
    var start = view.values.baseAddress ?? UnsafeRawPointer(aligned.reserve(size))
    if UInt(bitPattern: start) % UInt(size) != 0 {
      let copy = aligned.reserve(view.values.count)
      copy.copyMemory(from: start, byteCount: view.values.count)
      start = UnsafeRawPointer(copy)
    }
    return switch view.datatype {
    case .fp32: .float32(start.assumingMemoryBound(to: Float.self))
    case .int32: .int32(start.assumingMemoryBound(to: Int32.self))
    case .int64: .int64(start.assumingMemoryBound(to: Int64.self))
    default: .float64(start.assumingMemoryBound(to: Double.self))
    }
  }

  private func encode(_ view: ModelInferView, _ model: KnownRowModel, _ values: UnsafeRawBufferPointer) {
    writer.reset()
    writer.append(UnsafeRawBufferPointer(model.head))
    if view.id.isEmpty {
      writer.header(3, count: 36)
      let (first, second) = (context.random.next(), context.random.next())
      writer.appendInPlace { UUIDText.append(first, second, to: &$0) }
    } else {
      writer.header(3, count: view.id.count)
      writer.append(view.id)
    }
    let isRaw = view.isRaw || model.isHalf
    writer.message(5) { output in
      output.append(UnsafeRawBufferPointer(model.outputHead))
      output.packed(3, view.rows, model.outputColumns)
      if !isRaw {
        let count = view.rows &* (model.outputColumns ?? 1)
        DirectContents.write(values, model.outputDatatype, count: count, into: &output)
      }
    }
    guard isRaw else { return }
    writer.header(6, count: values.count)
    writer.append(values)
  }

  private func count(
    _ view: ModelInferView, _ model: KnownRowModel, _ start: UInt64, _ ready: UInt64, _ predicted: UInt64
  ) {
    let end = MonotonicClock.nanoseconds
    let preprocess = Int64(clamping: ready &- start)
    let predict = Int64(clamping: predicted &- ready)
    let postprocess = Int64(clamping: end &- predicted)
    model.metrics.preprocess.observe(nanoseconds: preprocess)
    model.metrics.predict.observe(nanoseconds: predict)
    model.metrics.postprocess.observe(nanoseconds: postprocess)
    model.cost.record(rows: view.rows, nanoseconds: predict)
    model.started.add(1)
    model.answered.add(1)
    model.finished.add(1)
    context.options.latencyLog?.write(
      requestID: view.id.isEmpty ? nil : String(decoding: view.id, as: UTF8.self), preprocess: preprocess,
      predict: predict, postprocess: postprocess)
  }
}

/// A model as the direct path keeps it: with the parts of its answers that never change, in plain memory.
private final class KnownRowModel {
  let entry: ModelEntry
  let rows: any RowModel
  let columns: Int
  let outputColumns: Int?
  let outputDatatype: DataType
  let cost: CostEstimate
  let lane: ModelLane
  let metrics: ModelMetrics.Shard
  let started: Counter
  let answered: Counter
  let finished: Counter
  /// `model_name` and `model_version`.
  let head: UnsafeMutableRawBufferPointer
  /// `name` and `datatype` of the output.
  let outputHead: UnsafeMutableRawBufferPointer
  private let name: UnsafeMutableRawBufferPointer
  private let outputName: UnsafeMutableRawBufferPointer

  var isHalf: Bool { outputDatatype == .fp16 || outputDatatype == .bf16 }

  init(entry: ModelEntry, rows: any RowModel, _ context: ServingContext, loop: Int) {
    self.entry = entry
    self.rows = rows
    let form = rows.form
    columns = form.columns
    outputColumns = form.outputColumns
    outputDatatype = form.outputDatatype
    cost = entry.cost
    lane = entry.lane
    metrics = entry.metrics.shard(loop)
    let counters = context.metrics.shard(loop)
    started = counters.started
    answered = counters.calls[0]
    finished = counters.finished
    var head = ProtobufWriter()
    head.field(1, entry.name)
    head.field(2, entry.version ?? "")
    var output = ProtobufWriter()
    output.field(1, form.outputName)
    output.field(2, form.outputDatatype.rawValue)
    self.head = Self.kept(head.bytes)
    outputHead = Self.kept(output.bytes)
    name = Self.kept(Bytes(entry.name.utf8))
    outputName = Self.kept(Bytes(form.outputName.utf8))
  }

  deinit {
    head.deallocate()
    outputHead.deallocate()
    name.deallocate()
    outputName.deallocate()
  }

  private static func kept(_ bytes: Bytes) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    memory.copyBytes(from: bytes)
    return memory
  }

  func isNamed(_ bytes: UnsafeRawBufferPointer) -> Bool { Self.equal(name, bytes) }
  func isOutput(_ bytes: UnsafeRawBufferPointer) -> Bool { Self.equal(outputName, bytes) }

  private static func equal(_ left: UnsafeMutableRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }

  /// Whether the loop itself computes so many rows.
  func isCheap(rows count: Int, _ limit: Double) -> Bool {
    lane.pending.load(ordering: .relaxed) == 0 && cost.nanoseconds(rows: count) <= limit
  }

  func outputBytes(rows: Int) -> Int? {
    guard let size = outputDatatype.byteSize else { return nil }
    let (row, overflow) = (outputColumns ?? 1).multipliedReportingOverflow(by: size)
    let (all, tooLarge) = row.multipliedReportingOverflow(by: rows)
    return overflow || tooLarge || all < 0 ? nil : all
  }

  /// No answer is longer: a number takes ten bytes at most, and at least one in memory.
  func longestAnswer(id: Int, outputBytes: Int) -> Int {
    let (numbers, overflow) = outputBytes.multipliedReportingOverflow(by: 10)
    return overflow ? .max : numbers &+ head.count &+ outputHead.count &+ max(36, id) &+ 128
  }
}
