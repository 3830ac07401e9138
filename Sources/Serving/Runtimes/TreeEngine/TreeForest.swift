internal import CShims
public import ModelRuntime

/// Trees laid out for prediction. Adds leaf values to sums in the trees' order, in the sums' precision: what
/// stands in the sums before (a base score) is where they start. Immutable: any thread may call it.
public struct TreeForest: Sendable {
  private let layout: ForestLayout

  init(layout: ForestLayout) { self.layout = layout }

  public var columns: Int { layout.shape.columns }
  public var outputs: Int { layout.shape.outputs }
  public var treeCount: Int { layout.shape.treeCount }
  public var memoryBytes: Int {
    layout.core.memoryBytes + layout.shape.slots.count * 8 + (layout.sliced?.memoryBytes ?? 0)
  }
  /// A guess from the structure, of the right order of magnitude.
  public var estimatedNanosecondsPerRow: Double { layout.core.estimatedNanosecondsPerRow }

  /// Scratch memory for a batch; 16-byte aligned.
  public func scratchBytes(rows: Int) -> Int { layout.scratchBytes(rows: rows) }

  /// Adds the forest to float32 sums, `[rows][outputs]`; does nothing where it was built for float64 sums or
  /// the batch has other columns.
  public func add(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    layout.add(batch, to: sums, isFloat32: true, scratch)
  }

  /// Adds the forest to float64 sums, `[rows][outputs]`; does nothing where it was built for float32 sums or
  /// the batch has other columns.
  public func add(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Double>, scratch: UnsafeMutableRawPointer
  ) {
    layout.add(batch, to: sums, isFloat32: false, scratch)
  }
}

/// What all layouts of a forest know.
struct ForestShape: Sendable {
  let columns: Int
  let outputs: Int
  let leafWidth: Int
  /// The output of each tree.
  let outputOfTree: Frozen<Int32>
  let slots: RowSlots
  let isLightGBM: Bool

  var treeCount: Int { outputOfTree.count }
  /// Keys of a row, rounded up so that rows begin aligned.
  var keyStride: Int { (slots.count + 7) & ~7 }
}

/// One way to lay a forest out.
protocol ForestCore: AnyObject, Sendable {
  associatedtype Sum: LeafSum
  var shape: ForestShape { get }
  var memoryBytes: Int { get }
  var estimatedNanosecondsPerRow: Double { get }
  func scratchBytes(rows: Int) -> Int
  func run(_ batch: RowBatch, _ sums: UnsafeMutablePointer<Sum>, _ scratch: UnsafeMutableRawPointer)
}

/// A layout behind one reference. The prediction is kept as a function that was made where the types were
/// known: called through the protocol, generic code would not be specialised.
final class ForestLayout: Sendable {
  let shape: ForestShape
  let core: any ForestCore
  /// The same trees for batches, where they have that form.
  let sliced: SlicedTrees?
  private let sumsFloat32: Bool
  private let run:
    @Sendable (RowBatch, _ sums: UnsafeMutableRawPointer, _ scratch: UnsafeMutableRawPointer) -> Void

  @inline(__always)
  init<Core: ForestCore>(_ core: Core, sliced: SlicedTrees? = nil) {
    shape = core.shape
    self.sliced = sliced
    self.core = core
    sumsFloat32 = Core.Sum.self == Float.self
    run = { batch, sums, scratch in
      core.run(batch, sums.assumingMemoryBound(to: Core.Sum.self), scratch)
    }
  }

  @inline(__always)
  func add(
    _ batch: RowBatch, to sums: UnsafeMutableRawPointer, isFloat32: Bool, _ scratch: UnsafeMutableRawPointer
  ) {
    guard batch.columns == shape.columns, isFloat32 == sumsFloat32, shape.treeCount > 0 else { return }
    if isFloat32, batch.rows >= SlicedTrees.minimumRows, let sliced {
      sliced.add(batch, to: sums.assumingMemoryBound(to: Float.self), scratch: scratch)
    } else {
      run(batch, sums, scratch)
    }
  }

  func scratchBytes(rows: Int) -> Int {
    if rows >= SlicedTrees.minimumRows, let sliced { return sliced.scratchBytes }
    return core.scratchBytes(rows: rows)
  }
}

extension ForestCore {
  /// Chooses the row reader by the type that the rows arrived in, and so makes one copy of `body` for each.
  @inline(__always)
  func read<Coder: KeyCoder>(
    _ batch: RowBatch, _: Coder.Type, _ body: ((_ row: Int, _ column: Int) -> Coder.Value) -> Void
  ) {
    let columns = batch.columns
    let isLightGBM = shape.isLightGBM
    switch batch.values {
    case .float32(let values):
      body { row, column in
        ForestNumbers.present(Coder.Value(values[row &* columns &+ column]), isLightGBM)
      }
    case .float64(let values):
      body { row, column in
        ForestNumbers.present(Coder.Value(values[row &* columns &+ column]), isLightGBM)
      }
    case .int32(let values):
      body { row, column in
        let value = values[row &* columns &+ column]
        return isLightGBM ? Coder.Value(Float(value)) : Coder.Value(value)
      }
    case .int64(let values):
      body { row, column in
        let value = values[row &* columns &+ column]
        return isLightGBM ? Coder.Value(Float(value)) : Coder.Value(value)
      }
    }
  }
}

enum ForestNumbers {
  /// What LightGBM makes of a value: no farther from zero than its threshold is zero.
  @inline(__always)
  static func present<Value: BinaryFloatingPoint>(_ value: Value, _ isLightGBM: Bool) -> Value {
    isLightGBM && Double(value.magnitude) <= RowSlots.zeroThreshold ? 0 : value
  }
}
