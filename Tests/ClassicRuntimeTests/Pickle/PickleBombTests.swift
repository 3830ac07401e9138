internal import Basics
@testable internal import ClassicRuntime
internal import ModelRuntime
internal import Testing

/// Small files that describe much. What the machine builds is asserted by its own account of it.
@Suite("Pickles that describe more than they hold")
struct PickleBombTests {
  private static let budget = 1 << 20

  enum Bomb: String, CaseIterable {
    case nodes, tuples, dictionaries, nestedLists, instances
    case stack, duplicates, marks, memo, scatteredMemo, texts, oldTexts
    case list, set, dictionary, newObject, encodedText, scalars, textArrays, objectArrays

    var bytes: Bytes {
      var builder = BombBuilder()
      switch self {
      case .nodes: builder.add([0x5d, 0x30], times: 100_000)
      case .tuples: builder.add([0x4e, 0x4e, 0x4e, 0x87, 0x30], times: 100_000)
      case .dictionaries: builder.add([0x7d, 0x4e, 0x4e, 0x73, 0x30], times: 100_000)
      case .nestedLists:
        builder.add([0x5d], times: 100_000)
        builder.add([0x61], times: 99_999)
      case .instances:
        builder.global("numpy", "int8")
        builder.add([0x68, 0, 0x29, 0x81, 0x30], times: 100_000)
      case .stack: builder.add([0x4e], times: 100_000)
      case .duplicates: builder.add([0x4e, 0x32, 0x32, 0x32], times: 30_000)
      case .marks: builder.add([0x28], times: 100_000)
      case .memo: builder.add([0x4e, 0x94, 0x94, 0x94, 0x30], times: 30_000)
      case .scatteredMemo:
        builder.add([0x4e])
        for number in 1...10_000 {
          builder.add([0x72, UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8), 0, 1])
        }
      case .texts: builder.add([0x8c, 16] + Bytes(repeating: 0x61, count: 16), times: 100_000)
      case .oldTexts: builder.add([0x55, 200] + Bytes(repeating: 0x61, count: 200), times: 10_000)
      default: addCopies(&builder)
      }
      return builder.bytes + [0x2e]
    }

    /// Something long in memo 0 that is used again and again.
    private func addCopies(_ builder: inout BombBuilder) {
      let call: Bytes = [0x68, 1, 0x68, 0, 0x85, 0x52]
      switch self {
      case .list:
        builder.list(of: [0x4e])
        builder.global("builtins", "list")
        // An item more makes the copy a real one.
        builder.add(call + [0x4e, 0x61, 0x30], times: 500)
      case .set:
        builder.list(of: [0x4e])
        builder.global("builtins", "set")
        builder.add(call, times: 500)
      case .dictionary:
        builder.list(of: [0x4e, 0x4e, 0x86])
        builder.global("collections", "OrderedDict")
        builder.add(call, times: 500)
      case .newObject:
        builder.add([0x28] + Bytes("cnumpy\nint8\n".utf8))
        builder.add([0x4e], times: 1000)
        builder.add([0x74, 0x94])
        builder.global("copyreg", "__newobj__")
        builder.add([0x68, 1, 0x68, 0, 0x52], times: 500)
      case .encodedText:
        builder.text()
        builder.global("_codecs", "encode")
        builder.add(call, times: 500)
      case .scalars:
        builder.add([0x42, 0, 0x10, 0, 0] + Bytes(repeating: 0x61, count: 4096) + [0x94])
        builder.dtype("S4096")
        builder.global("numpy.core.multiarray", "scalar")
        builder.add([0x68, 2, 0x68, 1, 0x68, 0, 0x86, 0x52], times: 500)
      case .textArrays:
        builder.text()
        builder.arrays(of: "u1", length: [0x4d, 0, 0x10])
      default:
        builder.list(of: [0x4e])
        builder.arrays(of: "O8", length: [0x4d, 0xe8, 3])
      }
    }
  }

  /// Writes the pickles of this suite; each text, list, name and type takes the next memo entry.
  struct BombBuilder {
    private(set) var bytes: Bytes = [0x80, 4]

    mutating func add(_ opcodes: Bytes, times: Int = 1) {
      for _ in 0..<times { bytes.append(contentsOf: opcodes) }
    }

    mutating func global(_ module: String, _ name: String) {
      add(Bytes("c\(module)\n\(name)\n".utf8) + [0x94])
    }

    mutating func text() {
      add([0x58, 0, 0x10, 0, 0] + Bytes(repeating: 0x61, count: 4096) + [0x94])
    }

    mutating func list(of item: Bytes) {
      add([0x5d, 0x94, 0x28])
      add(item, times: 1000)
      add([0x65])
    }

    mutating func dtype(_ code: String) {
      add(Bytes("cnumpy\ndtype\nV\(code)\n".utf8) + [0x85, 0x52, 0x94])
    }

    /// Arrays whose content is memo 0.
    mutating func arrays(of code: String, length: Bytes) {
      dtype(code)
      global("numpy.core.multiarray", "_reconstruct")
      let state: Bytes = [0x28, 0x4b, 1] + length + [0x85, 0x68, 1, 0x89, 0x68, 0, 0x74]
      add([0x68, 2, 0x29, 0x52] + state + [0x62], times: 5000)
    }
  }

  @Test("A bomb is stopped by the budget, which it never exceeds", arguments: Bomb.allCases)
  func bomb(bomb: Bomb) {
    let bytes = bomb.bytes
    var machine = PickleMachine(
      input: bytes, limits: PickleLimits(), budget: ReadBudget(limit: PickleBombTests.budget))
    let error = #expect(throws: PickleError.self) { _ = try machine.run() }
    guard case .memory(let offset, PickleBombTests.budget)? = error else {
      Issue.record("\(bomb): \(String(describing: error))")
      return
    }
    #expect(offset <= bytes.count)
    #expect(machine.budget.used <= PickleBombTests.budget)
    // What is there really agrees with the account: neither nodes nor values beyond it.
    #expect(machine.nodes.count * MemoryLayout<PickleNode>.stride <= PickleBombTests.budget)
    #expect(machine.stack.count * MemoryLayout<PickleValue>.stride <= PickleBombTests.budget)
    #expect(machine.memo.count * MemoryLayout<PickleValue>.stride <= PickleBombTests.budget)
  }

  @Test("The budget follows from the size of the file")
  func budgetOfAFile() {
    #expect(ReadBudget(fileBytes: 0, streamBytes: 0).limit == 64 << 20)
    #expect(ReadBudget(fileBytes: 1 << 20, streamBytes: 10 << 20).limit == 106 << 20)
    #expect(ReadBudget(fileBytes: .max / 2, streamBytes: 1).limit == .max)
    #expect(ReadBudget(fileBytes: 1, streamBytes: .max).limit == .max)
  }

  @Test(
    "Real models use a small part of their budget",
    arguments: ["svc-1.2.2.joblib", "svc-probability-1.9.1.pkl", "forest-classifier-1.2.2.joblib"]
  )
  func realModels(name: String) throws {
    let stream = try JoblibContainer.open(try Fixtures.bytes(name))
    let graph = try PickleMachine.read(stream)
    #expect(graph.budget.used < 1 << 18, "\(graph.budget.used)")
  }

  @Test("A joblib wrapper with too many attributes is refused")
  func wrapperAttributes() {
    let bytes = PickleBuilder.make {
      $0.global("joblib.numpy_pickle", "NumpyArrayWrapper")
      $0.add(0x29)
      $0.add(0x81)
      $0.add(0x7d)
      $0.add(0x28)
      for number in 0..<UInt8(100) {
        $0.integer(number)
        $0.add(0x4e)
      }
      $0.add(0x75)
      $0.add(0x62)
    }
    let error = #expect(throws: PickleError.self) { try PickleMachine.read(bytes) }
    guard case .limit? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("People read which limit it was and how to save the model instead")
  func message() {
    let error = ModelLoadError(PickleError.memory(offset: 7, limit: 130 << 20), path: "/m/model.joblib")
    #expect(error.code == .tooLarge)
    #expect(
      error.message == "The model file /m/model.joblib is refused at byte 7: what it describes takes more "
        + "than 130 MiB of memory, which no model of its size needs; save only the fitted estimator with "
        + "joblib.dump(model, path, compress=0).")
  }
}
