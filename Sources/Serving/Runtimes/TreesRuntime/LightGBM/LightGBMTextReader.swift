internal import Basics

/// Reads LightGBM's text format (versions v2 to v4): `key=value` lines, one block per tree.
struct LightGBMTextReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var offset = 0

  static func read(_ bytes: Bytes) throws(ModelFileError) -> LightGBMFile {
    var result: Result<LightGBMFile, ModelFileError> = .failure(.corrupt(offset: 0, "it is empty"))
    bytes.withUnsafeBufferPointer { buffer in
      var reader = LightGBMTextReader(bytes: buffer)
      do throws(ModelFileError) {
        result = .success(try reader.file())
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  typealias Line = UnsafeBufferPointer<UInt8>

  /// The next line without its end; nil after the last.
  private mutating func line() -> Line? {
    guard offset < bytes.count else { return nil }
    let start = offset
    while offset < bytes.count, bytes[offset] != 0x0A { offset += 1 }
    var end = offset
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    if offset < bytes.count { offset += 1 }
    return Line(rebasing: bytes[start..<end])
  }

  private mutating func file() throws(ModelFileError) -> LightGBMFile {
    var header: [String: Line] = [:]
    var file = LightGBMFile()
    while true {
      let start = offset
      guard let line = line() else { throw .corrupt(offset: start, "it ends before its trees") }
      if line.starts(with: "Tree=".utf8) || line.starts(with: "end of trees".utf8) {
        offset = start
        break
      }
      let (key, value) = LightGBMTextReader.member(line)
      if !key.isEmpty { header[key] = value }
    }
    try read(header, into: &file)
    try readTrees(into: &file, sizes: header["tree_sizes"])
    readCategories(into: &file)
    guard file.trees.count % file.treesPerIteration == 0 else {
      throw .corrupt(
        offset: nil, "it has \(file.trees.count) trees, \(file.treesPerIteration) belong to an iteration")
    }
    return file
  }

  private static func member(_ line: Line) -> (key: String, value: Line) {
    let split = line.firstIndex(of: UInt8(ascii: "=")) ?? line.count
    return (
      String(decoding: line[..<split], as: UTF8.self), Line(rebasing: line[min(split + 1, line.count)...])
    )
  }

  private static func text(_ line: Line) -> String { String(decoding: line, as: UTF8.self) }

  private func count(
    _ header: [String: Line], _ key: String, _ range: ClosedRange<Int>, default fallback: Int?
  ) throws(ModelFileError) -> Int {
    guard let line = header[key] else {
      if let fallback { return fallback }
      throw .corrupt(offset: nil, "it has no '\(key)'")
    }
    guard let value = Int(LightGBMTextReader.text(line)), range.contains(value) else {
      throw .corrupt(offset: nil, "'\(key)=\(LightGBMTextReader.text(line).prefix(30))' is out of range")
    }
    return value
  }

  private func read(_ header: [String: Line], into file: inout LightGBMFile) throws(ModelFileError) {
    file.classCount = try count(header, "num_class", 1...1 << 20, default: nil)
    file.treesPerIteration = try count(
      header, "num_tree_per_iteration", 1...1 << 20, default: file.classCount)
    let features = try count(header, "max_feature_idx", 0...1 << 30, default: nil) + 1
    guard let names = header["feature_names"] else {
      throw .corrupt(offset: nil, "it has no 'feature_names'")
    }
    file.featureNames = LightGBMTextReader.text(names).split(separator: " ").map(String.init)
    guard file.featureNames.count == features else {
      throw .corrupt(offset: nil, "it names \(file.featureNames.count) of its \(features) features")
    }
    file.featureInfos =
      header["feature_infos"].map(LightGBMTextReader.text)?
      .split(separator: " ").map(String.init) ?? []
    file.objective = header["objective"].map(LightGBMTextReader.text)
    file.averagesOutput = header["average_output"] != nil
  }

  private mutating func readTrees(into file: inout LightGBMFile, sizes: Line?) throws(ModelFileError) {
    var isClosed = false
    while true {
      let start = offset
      guard let line = line() else { break }
      if line.isEmpty { continue }
      guard line.starts(with: "Tree=".utf8) else {
        isClosed = true
        offset = start
        break
      }
      file.trees.append(try tree(file.trees.count, features: file.featureNames.count))
    }
    // Old files tell the end of the trees by nothing but their number.
    if let sizes {
      let expected = sizes.split(separator: UInt8(ascii: " ")).count
      guard expected == file.trees.count else {
        throw .corrupt(
          offset: bytes.count, "it holds \(file.trees.count) of \(expected) trees; it seems cut off")
      }
    } else if !isClosed, file.trees.isEmpty {
      throw .corrupt(offset: bytes.count, "it has no trees")
    }
  }

  private mutating func tree(_ number: Int, features: Int) throws(ModelFileError) -> LightGBMTree {
    let start = offset
    var members: [String: Line] = [:]
    while true {
      let position = offset
      guard let line = line() else { break }
      if line.isEmpty { break }
      if line.starts(with: "Tree=".utf8) || line.starts(with: "end of trees".utf8) {
        offset = position
        break
      }
      let (key, value) = LightGBMTextReader.member(line)
      members[key] = value
    }
    do throws(ModelFileError) {
      return try LightGBMTree(LightGBMTreeLines(members: members))
    } catch {
      if case .corrupt(_, let reason) = error { throw .corrupt(offset: start, "tree \(number) \(reason)") }
      throw error
    }
  }

  /// After the trees: what matters is only pandas' line, the last of the file.
  private mutating func readCategories(into file: inout LightGBMFile) {
    let mark = "pandas_categorical:"
    while let line = line() {
      guard line.starts(with: mark.utf8) else { continue }
      let text = Line(rebasing: line.dropFirst(mark.utf8.count))
      guard let document = try? ModelJSONReader.read(text), let lists = document.elements else { return }
      file.pandasCategories = lists.map { list in
        (list.elements ?? []).map { element in
          switch element {
          case .string(let text): text
          case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
          case .boolean(let flag): flag ? "True" : "False"
          default: ""
          }
        }
      }
    }
  }
}
