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
    isPlain = context.options.dialect is KServeDialect
  }

  /// - Returns: false where the general path must answer; nothing was done then.
  func answer(_ message: UnsafeRawBufferPointer, _ call: GRPCCall) -> Bool {
    guard isPlain else { return false }
    let start = MonotonicClock.nanoseconds
    guard let view = ModelInferView(message), view.modelVersion.isEmpty,
      let model = find(view.modelName, loop: call.loop.index), model.form.columns == view.columns
    else { return false }
    if let wanted = view.outputName, !wanted.elementsEqual(model.form.outputName.utf8) { return false }
    let entry = model.entry
    guard entry.settings.runsOnLoop, entry.lane.pending.load(ordering: .relaxed) == 0,
      entry.cost.nanoseconds(rows: view.rows) <= context.options.loopNanoseconds,
      let outputBytes = model.outputBytes(rows: view.rows)
    else { return false }
    let scratchBytes = model.rows.scratchBytes(rows: view.rows)
    let place = output.reserve(outputBytes)
    let ready = MonotonicClock.nanoseconds
    let batch = RowBatch(rows: view.rows, columns: view.columns, values: values(of: view))
    guard model.rows.predict(batch, into: place, scratch: scratch.reserve(scratchBytes)) else { return false }
    let predicted = MonotonicClock.nanoseconds
    encode(view, model, UnsafeRawBufferPointer(start: place, count: outputBytes))
    writer.bytes.withUnsafeBytes { call.send($0) }
    call.finish(.ok)
    count(view, entry, call.loop.index, start, ready, predicted)
    return true
  }

  private func find(_ name: UnsafeRawBufferPointer, loop: Int) -> KnownRowModel? {
    if let model, model.entry.isCurrent, name.elementsEqual(model.name) { return model }
    let text = String(decoding: name, as: UTF8.self)
    guard let entry = context.entry(text, loop: loop), let loaded = entry.loaded,
      let rows = loaded.rowModel
    else { return nil }
    model = KnownRowModel(entry: entry, rows: rows)
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
    let form = model.form
    writer.reset()
    writer.append(model.head[...])
    if view.id.isEmpty {
      writer.header(3, count: 36)
      writer.appendInPlace { UUIDText.append(context.random, to: &$0) }
    } else {
      writer.header(3, count: view.id.count)
      writer.append(view.id)
    }
    let count = view.rows &* (form.outputColumns ?? 1)
    let isRaw = view.isRaw || form.outputDatatype.byteSize == 2 && model.isHalf
    writer.message(5) { output in
      output.append(model.outputHead[...])
      output.packed(3, view.rows, form.outputColumns)
      if !isRaw { DirectContents.write(values, form.outputDatatype, count: count, into: &output) }
    }
    guard isRaw else { return }
    writer.header(6, count: values.count)
    writer.append(values)
  }

  private func count(
    _ view: ModelInferView, _ entry: ModelEntry, _ shard: Int, _ start: UInt64, _ ready: UInt64,
    _ predicted: UInt64
  ) {
    let end = MonotonicClock.nanoseconds
    let metrics = entry.metrics.shard(shard)
    let preprocess = Int64(clamping: ready &- start)
    let predict = Int64(clamping: predicted &- ready)
    let postprocess = Int64(clamping: end &- predicted)
    metrics.preprocess.observe(nanoseconds: preprocess)
    metrics.predict.observe(nanoseconds: predict)
    metrics.postprocess.observe(nanoseconds: postprocess)
    entry.cost.record(rows: view.rows, nanoseconds: predict)
    let server = context.metrics.shard(shard)
    server.countCall(0)
    server.finished.add(1)
    context.options.latencyLog?.write(
      requestID: view.id.isEmpty ? nil : String(decoding: view.id, as: UTF8.self), preprocess: preprocess,
      predict: predict, postprocess: postprocess)
  }
}

/// A model as the direct path keeps it: with the parts of its answers that never change.
private final class KnownRowModel {
  let entry: ModelEntry
  let rows: any RowModel
  let form: RowForm
  let name: Bytes
  /// `model_name` and `model_version`.
  let head: Bytes
  /// `name` and `datatype` of the output.
  let outputHead: Bytes

  var isHalf: Bool { form.outputDatatype == .fp16 || form.outputDatatype == .bf16 }

  init(entry: ModelEntry, rows: any RowModel) {
    self.entry = entry
    self.rows = rows
    form = rows.form
    name = Bytes(entry.name.utf8)
    var head = ProtobufWriter()
    head.field(1, entry.name)
    head.field(2, entry.version ?? "")
    self.head = head.bytes
    var output = ProtobufWriter()
    output.field(1, form.outputName)
    output.field(2, form.outputDatatype.rawValue)
    outputHead = output.bytes
  }

  func outputBytes(rows: Int) -> Int? {
    guard let size = form.outputDatatype.byteSize else { return nil }
    let (row, overflow) = (form.outputColumns ?? 1).multipliedReportingOverflow(by: size)
    let (all, tooLarge) = row.multipliedReportingOverflow(by: rows)
    return overflow || tooLarge || all < 0 ? nil : all
  }
}
