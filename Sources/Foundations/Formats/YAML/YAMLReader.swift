public import Basics
internal import CYAML

/// YAML 1.1 as the Kubernetes tools read it, turned into JSON values.
public enum YAML {
  /// The documents of a text, in order; empty documents are left out.
  /// - Parameter duplicateKeys: receives the paths of keys that came twice in one mapping (the last value
  ///   counts).
  public static func parse(
    _ bytes: Bytes, limits: YAMLLimits = YAMLLimits(), duplicateKeys: inout [String]
  ) throws(YAMLError) -> [JSONValue] {
    guard bytes.count <= limits.bytes else {
      let message = "the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)"
      throw YAMLError(code: .tooLarge, message: message, line: 1, column: 1)
    }
    let result: Result<([JSONValue], [String]), YAMLError> = bytes.withUnsafeBufferPointer { buffer in
      var composer = YAMLComposer(events: YAMLEventSource(buffer), limits: limits)
      do throws(YAMLError) {
        let documents = try composer.documents()
        return .success((documents, composer.duplicateKeys))
      } catch {
        return .failure(error)
      }
    }
    let (documents, duplicates) = try result.get()
    duplicateKeys += duplicates
    return documents
  }

  public static func parse(_ bytes: Bytes, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> [JSONValue]
  {
    var duplicates: [String] = []
    return try parse(bytes, limits: limits, duplicateKeys: &duplicates)
  }

  public static func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> [JSONValue]
  {
    try parse(Bytes(text.utf8), limits: limits)
  }
}

/// One event of the parser, copied out of libyaml's memory.
struct YAMLEvent {
  enum Kind {
    case documentStart, documentEnd, streamEnd
    case alias(String)
    case scalar(text: String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case streamStart
  }

  var kind: Kind
  var anchor: String?
  var tag: String?
  var line: Int
  var column: Int
}

/// Owns libyaml's parser over borrowed bytes, which must outlive it.
struct YAMLEventSource: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    // Fails only without memory; the first event then says so.
    _ = yaml_parser_initialize(parser)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  mutating func next() throws(YAMLError) -> YAMLEvent {
    var raw = yaml_event_t()
    guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&raw) }
    var event = YAMLEvent(
      kind: .streamStart, line: Int(raw.start_mark.line) + 1, column: Int(raw.start_mark.column) + 1)
    switch raw.type {
    case YAML_DOCUMENT_START_EVENT: event.kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: event.kind = .documentEnd
    case YAML_STREAM_END_EVENT: event.kind = .streamEnd
    case YAML_ALIAS_EVENT: event.kind = .alias(Self.text(raw.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = raw.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      event.kind = .scalar(
        text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
      event.anchor = Self.text(scalar.anchor)
      event.tag = Self.text(scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      event.kind = .sequenceStart
      event.anchor = Self.text(raw.data.sequence_start.anchor)
    case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      event.kind = .mappingStart
      event.anchor = Self.text(raw.data.mapping_start.anchor)
    case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
    default: break
    }
    return event
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func syntaxError() -> YAMLError {
    let state = parser.pointee
    let problem = state.problem.map { String(cString: $0) } ?? "the text cannot be read"
    let context = state.context.map { String(cString: $0) + ": " } ?? ""
    let isReaderError = state.error == YAML_READER_ERROR
    return YAMLError(
      code: .syntax, message: isReaderError ? "\(problem) (byte \(state.problem_offset))" : context + problem,
      line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1)
  }
}
