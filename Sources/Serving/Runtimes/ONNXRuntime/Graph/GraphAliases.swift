internal import Formats

/// Which values of a graph are others by another name: what its Identity nodes say. Only that is read of a
/// model's file; all else of it is ONNX Runtime's.
struct GraphAliases {
  /// ModelProto, GraphProto and NodeProto, by the fields that matter here.
  private enum FieldNumber {
    static let graph: UInt64 = 7
    static let functions: UInt64 = 25
    static let node: UInt64 = 1
    static let nodeInput = 1
    static let nodeOutput = 2
    static let nodeType = 4
    static let nodeDomain = 7
  }

  /// An Identity has two names and no attributes: what is longer is something else.
  private static let longestNode = 4096

  /// The aliased value of each alias.
  private var sources: [String: String] = [:]

  /// Reads a model's file; what is no plain ONNX model has no aliases.
  init(path: String) {
    do throws(GraphFile.Unreadable) {
      var file = try GraphFile(path)
      while !file.isAtEnd {
        let field = try file.field()
        // A model's own functions may give operators other meanings.
        if field.number == FieldNumber.functions { throw GraphFile.Unreadable() }
        if field.number == FieldNumber.graph, field.wireType == GraphFile.lengthDelimited {
          try readGraph(&file, end: file.position + field.length)
        } else {
          try file.skip(field)
        }
      }
    } catch {
      sources = [:]
    }
  }

  /// The value that a name stands for in the end.
  func source(of name: String) -> String {
    var name = name
    // Graphs have no circles; a file that has one ends here.
    for _ in 0...sources.count {
      guard let next = sources[name] else { break }
      name = next
    }
    return name
  }

  private mutating func readGraph(
    _ file: inout GraphFile, end: Int
  ) throws(GraphFile.Unreadable) {
    while file.position < end {
      let field = try file.field()
      if field.number == FieldNumber.node, field.wireType == GraphFile.lengthDelimited,
        field.length <= Self.longestNode
      {
        note(try file.bytes(field.length))
      } else {
        try file.skip(field)
      }
    }
    if file.position != end { throw GraphFile.Unreadable() }
  }

  private mutating func note(_ node: UnsafeRawBufferPointer) {
    var reader = ProtobufReader(node)
    var inputs: [String] = []
    var outputs: [String] = []
    var type = ""
    var domain = ""
    do throws(ProtobufError) {
      while let tag = try reader.next() {
        switch tag.number {
        case FieldNumber.nodeInput: inputs.append(try reader.string(of: tag))
        case FieldNumber.nodeOutput: outputs.append(try reader.string(of: tag))
        case FieldNumber.nodeType: type = try reader.string(of: tag)
        case FieldNumber.nodeDomain: domain = try reader.string(of: tag)
        default: try reader.skip(tag)
        }
      }
    } catch {
      return
    }
    guard type == "Identity", domain.isEmpty || domain == "ai.onnx", inputs.count == 1, outputs.count == 1
    else { return }
    sources[outputs[0]] = inputs[0]
  }
}
