internal import Basics
@testable internal import ClassicRuntime
internal import Testing

@Suite("The pickle machine")
struct PickleMachineTests {
  private func read(_ bytes: Bytes) throws(PickleError) -> PickleGraph { try PickleMachine.read(bytes) }

  private func root(_ build: (inout PickleBuilder) -> Void) throws -> PickleGraph {
    try read(PickleBuilder.make(build))
  }

  @Test("Constants of all protocols become values")
  func constants() throws {
    let integers: [(Bytes, Int64)] = [
      ([0x4b, 0xff], 255), ([0x4d, 0x01, 0x02], 513), ([0x4a, 0xff, 0xff, 0xff, 0xff], -1),
      ([0x8a, 0x00], 0), ([0x8a, 0x01, 0x80], -128), ([0x8a, 0x02, 0x80, 0x00], 128),
      ([0x8a, 0x08, 0, 0, 0, 0, 0, 0, 0, 0x80], .min), ([0x8b, 1, 0, 0, 0, 0x7f], 127),
      (Bytes("I-42\n".utf8), -42), (Bytes("L99L\n".utf8), 99),
    ]
    for (bytes, expected) in integers {
      guard case .integer(let value) = try read(bytes + [0x2e]).root else {
        Issue.record("\(bytes) is no integer")
        continue
      }
      #expect(value == expected)
    }
    guard case .float(let float) = try read([0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x2e]).root else {
      Issue.record("no float")
      return
    }
    #expect(float == 1.5)
    guard case .string(let text) = try root({ $0.text("größe") }).root else {
      Issue.record("no text")
      return
    }
    #expect(text == "größe")
    guard case .bool(true) = try read([0x88, 0x2e]).root,
      case .bool(false) = try read(Bytes("I00\n.".utf8)).root,
      case .none = try read([0x4e, 0x2e]).root
    else {
      Issue.record("no booleans")
      return
    }
  }

  @Test("Lists, tuples, dictionaries and sets hold their items; the memo shares them")
  func containers() throws {
    let graph = try root {
      $0.add(0x5d)  // [
      $0.add(0x94)  // memoize 0
      $0.add(0x28)  // mark
      $0.integer(1)
      $0.integer(2)
      $0.add(0x65)  // appends
      $0.add(0x7d)  // {
      $0.text("key")
      $0.add(0x68, [0])  // the list again
      $0.add(0x73)  // setitem
      $0.add(0x86)  // tuple2
    }
    guard case .tuple(let parts)? = graph.node(graph.root), parts.count == 2,
      case .node(let list) = parts[0], case .dictionary(let entries)? = graph.node(parts[1]),
      let entry = entries.first, case .node(let shared) = entry.value,
      case .list(let items)? = graph.node(parts[0])
    else {
      Issue.record("unexpected graph")
      return
    }
    #expect(list == shared)
    #expect(items.count == 2)
  }

  @Test("A list that holds itself is read as a cycle")
  func cycles() throws {
    let graph = try root {
      $0.add(0x5d)
      $0.add(0x71, [0])
      $0.add(0x68, [0])
      $0.add(0x61)
    }
    guard case .list(let items)? = graph.node(graph.root), case .node(let inner)? = items.first,
      case .node(let outer) = graph.root
    else {
      Issue.record("unexpected graph")
      return
    }
    #expect(inner == outer)
    #expect(throws: BindError.self) { try EstimatorBinder.bind(graph) }
  }

  @Test("A hundred thousand nested lists need no recursion")
  func deepNesting() throws {
    var bytes: Bytes = []
    for _ in 0..<100_000 { bytes.append(0x5d) }
    for _ in 1..<100_000 { bytes.append(0x61) }
    let graph = try read(bytes + [0x2e])
    #expect(graph.nodes.count == 100_000)
  }

  @Test("Malformed streams are corrupt, with the offset")
  func malformedStreams() {
    let streams: [Bytes] = [
      [], [0x2e], [0x80], [0x80, 9, 0x4e, 0x2e], [0x61, 0x2e], [0x4e, 0x4e, 0x61, 0x2e], [0x52, 0x2e],
      [0x65, 0x2e], [0x68, 5, 0x2e], [0x94, 0x2e], [0xff, 0x2e], [0x28, 0x61, 0x2e], [0x85, 0x2e],
      [0x58, 0xff, 0xff, 0xff, 0x7f, 0x41, 0x2e],
      [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x2e],
      [0x8c, 1, 0xff, 0x2e], [0x28, 0x4b, 1, 0x64, 0x2e], Bytes("Ix\n.".utf8), Bytes("p-1\n.".utf8),
      [0x95, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x4e, 0x2e], [0x4e, 0x4e, 0x62, 0x2e], [0x4b, 1, 0x93, 0x2e],
    ]
    for stream in streams {
      #expect(throws: PickleError.self, "\(stream)") { try PickleMachine.read(stream) }
    }
  }

  @Test("Limits on single things are told by name")
  func limits() {
    var limits = PickleLimits()
    limits.textLineBytes = 100
    limits.integerBytes = 100
    let line = Bytes("V".utf8) + Bytes(repeating: 0x61, count: 200) + Bytes("\n.".utf8)
    let integer = [0x8b, 200, 0, 0, 0] + Bytes(repeating: 1, count: 200) + [0x2e]
    for stream in [line, integer] {
      #expect {
        try PickleMachine.read(stream, limits: limits)
      } throws: { error in
        if case .limit = error as? PickleError { return true }
        return false
      }
    }
  }

  @Test("Arrays whose content does not fit their shape are corrupt")
  func arrayShapes() {
    let huge = PickleBuilder.make { builder in
      builder.global("numpy.core.multiarray", "_reconstruct")
      builder.add(0x29)  // ()
      builder.add(0x52)  // reduce
      builder.add(0x28)
      builder.integer(1)
      builder.add(0x8a, [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
      builder.add(0x8a, [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
      builder.add(0x86)
      builder.global("numpy", "dtype")
      builder.text("f8")
      builder.add(0x85)
      builder.add(0x52)
      builder.add(0x89)
      builder.add(0x43, [0])
      builder.add(0x74)
      builder.add(0x62)
    }
    #expect {
      try PickleMachine.read(huge)
    } throws: { error in
      if case .corrupt = error as? PickleError { return true }
      return false
    }
  }
}
