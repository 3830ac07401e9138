internal import Basics
internal import InferenceProtocol
internal import ModelRuntime

/// One model as one loop answers for it directly. Made anew when the repository gives another entry.
final class DirectModel {
  let entry: ModelEntry
  /// Nil for a model whose requests are all the general path's; kept too, so that this is found out once.
  let ready: Ready?

  final class Ready {
    let rows: any RowModel
    let columns: Int
    let outputDatatype: DataType
    /// Nil for outputs of one dimension.
    let outputColumns: Int?
    let template: AnswerTemplate
    /// Bytes of one output row.
    let outputRowBytes: Int
    /// The most text that one row of the answer can have.
    let rowText: Int
    let cost: CostEstimate
    let lane: ModelLane
    let metrics: ModelMetrics.Shard

    init?(_ rows: any RowModel, _ entry: ModelEntry, _ template: AnswerTemplate, shard: Int) {
      let form = rows.form
      guard let size = form.outputDatatype.byteSize else { return nil }
      self.rows = rows
      self.template = template
      columns = form.columns
      outputDatatype = form.outputDatatype
      outputColumns = form.outputColumns
      outputRowBytes = (form.outputColumns ?? 1) * size
      rowText = (form.outputColumns ?? 1) * 33 + 3
      cost = entry.cost
      lane = entry.lane
      metrics = entry.metrics.shard(shard)
    }
  }

  init(_ entry: ModelEntry, shard: Int, dialect: any V2Dialect) {
    self.entry = entry
    ready = Self.prepare(entry, shard, dialect)
  }

  private static func prepare(_ entry: ModelEntry, _ shard: Int, _ dialect: any V2Dialect) -> Ready? {
    // What may wait or be joined with others is the scheduler's.
    guard entry.settings.batching == nil, entry.settings.concurrency == nil,
      let rows = entry.loaded?.rowModel
    else { return nil }
    let form = rows.form
    guard form.columns > 0, form.outputColumns.map({ $0 > 0 && $0 <= 4096 }) ?? true else { return nil }
    let template = AnswerTemplate(form: form) { id, output in
      let request = V2Request(id: id, inputs: [])
      guard let (outputs, form) = try? dialect.answer([output], to: request, from: entry) else { return nil }
      return try? V2Response.encode(model: entry.name, id: id, outputs: outputs, form: form).body
    }
    return template.flatMap { Ready(rows, entry, $0, shard: shard) }
  }
}

/// Models by the target of their requests (`/v2/models/iris/infer`): open addressing over the target's bytes,
/// so that looking up makes no String.
struct DirectTable {
  struct Row {
    let target: Bytes
    let hash: UInt64
    var model: DirectModel
    let isV1: Bool
  }

  private var rows: [Row] = []
  /// Positions in `rows` plus one; 0 is free. A power of two, at most half full.
  private var places = [Int32](repeating: 0, count: 64)

  /// - Returns: a position for `model(at:)`.
  @inline(__always)
  func find(_ target: UnsafeRawBufferPointer, _ hash: UInt64) -> Int? {
    let mask = places.count &- 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let index = Int(places[place]) &- 1
      if index < 0 { return nil }
      if rows[index].hash == hash, Self.equal(rows[index].target, target) { return index }
      place = (place &+ 1) & mask
    }
  }

  func isV1(at index: Int) -> Bool { rows[index].isV1 }
  func model(at index: Int) -> DirectModel { rows[index].model }

  mutating func replace(at index: Int, by model: DirectModel) { rows[index].model = model }

  /// The number of rows is bounded by that of the repository's models, twice.
  mutating func insert(_ target: Bytes, _ hash: UInt64, _ model: DirectModel, isV1: Bool) -> Int {
    rows.append(Row(target: target, hash: hash, model: model, isV1: isV1))
    if rows.count * 2 > places.count {
      places = [Int32](repeating: 0, count: places.count * 4)
      for index in rows.indices { place(index) }
    } else {
      place(rows.count - 1)
    }
    return rows.count - 1
  }

  private mutating func place(_ index: Int) {
    let mask = places.count - 1
    var place = Int(truncatingIfNeeded: rows[index].hash) & mask
    while places[place] != 0 { place = (place + 1) & mask }
    places[place] = Int32(index + 1)
  }

  mutating func removeAll() { self = DirectTable() }

  var count: Int { rows.count }

  private static func equal(_ left: Bytes, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
      for index in 0..<left.count where left[index] != right[index] { return false }
      return true
    }
  }

  /// FNV-1a over words, then its bits mixed; the seed is the table's secret, so that nobody can make names
  /// collide.
  @inline(__always)
  static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = seed ^ 0xCBF2_9CE4_8422_2325
    var index = 0
    while bytes.count &- index >= 8 {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash &>> 29
      index &+= 8
    }
    while index < bytes.count {
      hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
      index &+= 1
    }
    return (hash ^ hash &>> 32) &* 0xBF58_476D_1CE4_E5B9 ^ hash &>> 27
  }
}
