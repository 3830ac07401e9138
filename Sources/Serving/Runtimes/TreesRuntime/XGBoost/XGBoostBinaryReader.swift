internal import Basics

/// Reads the binary format of XGBoost up to 3.0 (with and without the mark `binf`): C structures as they lay
/// in a little-endian machine's memory.
struct XGBoostBinaryReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  static func read(_ bytes: Bytes) throws(ModelFileError) -> XGBoostFile {
    var result: Result<XGBoostFile, ModelFileError> = .failure(.corrupt(offset: 0, "it is empty"))
    bytes.withUnsafeBytes { buffer in
      var reader = XGBoostBinaryReader(bytes: buffer)
      do throws(ModelFileError) {
        result = .success(try reader.file())
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private func corrupt(_ reason: String) -> ModelFileError { .corrupt(offset: offset, reason) }

  private func require(_ count: Int) throws(ModelFileError) {
    guard bytes.count - offset >= count else {
      throw .corrupt(offset: bytes.count, "it ends in the middle (XGBoost's binary format)")
    }
  }

  private mutating func load<Value: BitwiseCopyable>(_: Value.Type) throws(ModelFileError) -> Value {
    try require(MemoryLayout<Value>.size)
    defer { offset += MemoryLayout<Value>.size }
    return bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }

  private mutating func skip(_ count: Int) throws(ModelFileError) {
    try require(count)
    offset += count
  }

  /// A count that the rest of the file can hold, at `size` bytes each. It must be loaded before the call: a
  /// call's argument would still move `offset` after this has been given its copy of the reader.
  private func checked(_ count: some BinaryInteger, size: Int, _ what: String) throws(ModelFileError) -> Int {
    guard let count = Int(exactly: count), count >= 0, count <= (bytes.count - offset) / size else {
      throw corrupt("it says to have \(count) \(what), which is more than it holds")
    }
    return count
  }

  private mutating func text() throws(ModelFileError) -> String {
    let stored = try load(UInt64.self)
    let count = try checked(stored, size: 1, "bytes of text")
    defer { offset += count }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]), as: UTF8.self)
  }

  private mutating func floats() throws(ModelFileError) -> [Float] {
    let stored = try load(UInt64.self)
    let count = try checked(stored, size: 4, "weights")
    var values: [Float] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try load(Float.self)) }
    return values
  }

  private mutating func file() throws(ModelFileError) -> XGBoostFile {
    if bytes.count >= 4, bytes.prefix(4).elementsEqual("binf".utf8) { offset = 4 }
    let baseScore = try load(Float.self)
    let features = try load(UInt32.self)
    let classes = try load(Int32.self)
    let hasAttributes = try load(Int32.self) != 0
    _ = try load(Int32.self)
    let major = try load(UInt32.self)
    _ = try load(UInt32.self)
    let targets = try load(UInt32.self)
    try skip(104)
    guard features <= UInt32(Int32.max), (0...1 << 20).contains(classes), targets <= 1 << 20, major < 100
    else {
      throw .corrupt(offset: 0, "it has neither the form of XGBoost's JSON, UBJSON or binary format")
    }
    let objective = try text()
    let booster = try text()
    let outputs = max(Int(classes), major >= 1 ? Int(targets) : 1, 1)
    var file = XGBoostFile(
      objective: objective, baseScore: [baseScore], isBaseScoreTransformed: major < 1,
      featureCount: Int(features), outputCount: outputs, booster: .linear([]))
    switch booster {
    case "gbtree", "dart":
      let parallel: Int32
      var trees: [XGBoostTree]
      (trees, parallel) = try readTrees(major: major)
      if booster == "dart", !trees.isEmpty {
        let weights = try floats()
        guard weights.count == trees.count else { throw corrupt("its DART booster has too few weights") }
        for index in trees.indices { trees[index].weight = weights[index] }
      }
      let all = XGBoostTrees(trees)
      file.iterationStarts = XGBoostFile.iterations(all, parallel: major >= 1 ? Int(parallel) : 1)
      file.booster = .trees(all)
    case "gblinear":
      try skip(136)
      let weights = try floats()
      guard weights.count == (file.featureCount + 1) * outputs else {
        throw corrupt("its linear booster does not have one weight per feature and output")
      }
      file.booster = .linear(weights)
    default:
      throw .corrupt(
        offset: offset, "its booster '\(booster.prefix(20))' is unknown (gbtree, dart and gblinear are)")
    }
    if hasAttributes { file.attributes = try attributes() }
    return file
  }

  private mutating func readTrees(
    major: UInt32
  ) throws(ModelFileError) -> (trees: [XGBoostTree], parallel: Int32) {
    let stored = try load(Int32.self)
    let parallel = try load(Int32.self)
    try skip(152)
    // A tree takes its head and at least one node.
    let count = try checked(stored, size: 148 + 36, "trees")
    var trees: [XGBoostTree] = []
    for number in 0..<count { trees.append(try tree(number, major: major)) }
    for index in trees.indices { trees[index].output = Int(try load(Int32.self)) }
    return (trees, parallel)
  }

  private mutating func tree(_ number: Int, major: UInt32) throws(ModelFileError) -> XGBoostTree {
    let roots = try load(Int32.self)
    let nodes = try load(Int32.self)
    try skip(12)
    let leafVector = try load(Int32.self)
    try skip(124)
    guard roots == 1, major >= 1 || leafVector <= 0 else {
      throw .unsupported("tree \(number) has several roots or leaf vectors, which XGBoost gave up with 1.0")
    }
    let count = try checked(nodes, size: 36, "nodes in tree \(number)")
    guard count > 0 else { throw corrupt("tree \(number) has no node") }
    var tree = XGBoostTree()
    for _ in 0..<count {
      _ = try load(Int32.self)
      tree.left.append(try load(Int32.self))
      tree.right.append(try load(Int32.self))
      let split = try load(UInt32.self)
      tree.features.append(Int32(split & 0x7FFF_FFFF))
      tree.defaultLeft.append(split >> 31 != 0)
      tree.conditions.append(try load(Float.self))
    }
    try skip(count * 16)
    return tree
  }

  private mutating func attributes() throws(ModelFileError) -> [String: String] {
    let stored = try load(UInt64.self)
    let count = try checked(stored, size: 16, "attributes")
    var attributes: [String: String] = [:]
    for _ in 0..<count {
      let key = try text()
      attributes[key] = try text()
    }
    return attributes
  }
}
