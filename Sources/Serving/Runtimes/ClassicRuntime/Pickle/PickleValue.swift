/// One value of a pickle. Values with parts are nodes of the `PickleGraph`, so sharing and cycles need no
/// references.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case integer(Int64)
  /// An integer beyond 64 bits, little-endian two's complement.
  case bigInteger(ArraySlice<UInt8>)
  case float(Double)
  case string(String)
  case bytes(ArraySlice<UInt8>)
  case global(PickleGlobal)
  /// Index into `PickleGraph.nodes`.
  case node(Int)
}

/// A value with parts.
enum PickleNode: Sendable {
  case list([PickleValue])
  case tuple([PickleValue])
  case dictionary([PickleEntry])
  case set([PickleValue])
  indirect case object(PickleObject)
  indirect case array(NumpyArray)
  /// `_reconstruct` made an array whose content comes with the next BUILD.
  case unfilledArray
  indirect case dtype(NumpyDType)
}

/// One key and its value, in the file's order.
struct PickleEntry: Sendable {
  var key: PickleValue
  var value: PickleValue
}

/// An instance as data: its class, what it would be called with, and its state.
struct PickleObject: Sendable {
  var global: PickleGlobal
  var arguments: [PickleValue]
  var state: PickleValue?
}

/// The finished value graph of one file.
struct PickleGraph: Sendable {
  var nodes: [PickleNode]
  var root: PickleValue
  /// Size of the stream it was read from: what later steps measure their own memory against.
  var byteCount: Int
  /// What is left for those steps.
  var budget: ReadBudget

  func node(_ value: PickleValue) -> PickleNode? {
    guard case .node(let index) = value, nodes.indices.contains(index) else { return nil }
    return nodes[index]
  }
}
