public import Basics
internal import CExpat

/// Why a document cannot be read: one sentence about "it".
public struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Reads an XML document into a tree with expat. Document type declarations, and with them entities, are
/// refused; size and depth are bounded.
public enum XMLReader {
  public static let depthLimit = 1000
  public static let elementLimit = 20_000_000

  /// - Throws: one sentence with the line.
  public static func read(_ bytes: Bytes) throws(XMLError) -> XMLElement {
    guard let parser = XML_ParserCreate(nil) else {
      throw XMLError("there is no memory for an XML parser")
    }
    defer { XML_ParserFree(parser) }
    let builder = XMLBuilder(parser)
    withExtendedLifetime(builder) {
      XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
      XML_SetElementHandler(
        parser,
        { data, name, attributes in XMLBuilder.of(data)?.begin(name, attributes) },
        { data, _ in XMLBuilder.of(data)?.end() })
      XML_SetCharacterDataHandler(parser) { data, text, length in XMLBuilder.of(data)?.add(text, length) }
      XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
        XMLBuilder.of(data)?.refuse("it has a document type declaration, which is not read here")
      }
    }
    let problem = withExtendedLifetime(builder) { parse(bytes, parser, builder) }
    if let problem { throw XMLError(problem) }
    guard let root = builder.root else { throw XMLError("it holds no element") }
    return root
  }

  /// Feeds the parser piece by piece; what it complains about.
  private static func parse(_ bytes: Bytes, _ parser: XML_Parser, _ builder: XMLBuilder) -> String? {
    bytes.withUnsafeBytes { buffer in
      let pieceSize = 1 << 20
      var position = 0
      repeat {
        let count = min(pieceSize, buffer.count - position)
        let isLast = position + count == buffer.count
        let start = buffer.baseAddress?.advanced(by: position).assumingMemoryBound(to: CChar.self)
        let status = XML_Parse(parser, start, Int32(count), isLast ? 1 : 0)
        if let refusal = builder.refusal { return refusal }
        guard status == XML_STATUS_OK else {
          let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "damaged"
          return "it is no well-formed XML: \(reason) in line \(XML_GetCurrentLineNumber(parser))"
        }
        position += count
      } while position < buffer.count
      return nil
    }
  }
}

/// Collects what the parser reports; lives for one parse.
private final class XMLBuilder {
  private let parser: XML_Parser
  private var open: [XMLElement] = []
  private var elements = 0
  private(set) var root: XMLElement?
  private(set) var refusal: String?

  init(_ parser: XML_Parser) { self.parser = parser }

  static func of(_ data: UnsafeMutableRawPointer?) -> XMLBuilder? {
    data.map { Unmanaged<XMLBuilder>.fromOpaque($0).takeUnretainedValue() }
  }

  func refuse(_ reason: String) {
    refusal = refusal ?? reason
    XML_StopParser(parser, 0)
  }

  func begin(
    _ name: UnsafePointer<CChar>?, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>?
  ) {
    guard let name else { return }
    elements += 1
    if open.count >= XMLReader.depthLimit {
      return refuse("its elements are nested deeper than \(XMLReader.depthLimit)")
    }
    if elements > XMLReader.elementLimit {
      return refuse("it has more than \(XMLReader.elementLimit) elements")
    }
    var pairs: [XMLElement.Attribute] = []
    if var cursor = attributes {
      while let key = cursor[0], let value = cursor[1] {
        pairs.append(.init(name: Self.localName(key), value: String(cString: value)))
        cursor += 2
      }
    }
    open.append(XMLElement(name: Self.localName(name), attributes: pairs))
  }

  func end() {
    guard let element = open.popLast() else { return }
    if open.isEmpty {
      root = element
    } else {
      open[open.count - 1].children.append(element)
    }
  }

  func add(_ text: UnsafePointer<CChar>?, _ length: Int32) {
    guard let text, length > 0, !open.isEmpty else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: Int(length))
    // Indentation between elements is most of it.
    if open[open.count - 1].text.isEmpty, bytes.allSatisfy({ $0 <= 0x20 }) { return }
    open[open.count - 1].text += String(decoding: bytes, as: UTF8.self)
  }

  private static func localName(_ name: UnsafePointer<CChar>) -> String {
    let text = String(cString: name)
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return text }
    // `x-mathContext` and the like have no colon; prefixed attributes are extensions.
    return String(text[text.utf8.index(after: colon)...])
  }
}
