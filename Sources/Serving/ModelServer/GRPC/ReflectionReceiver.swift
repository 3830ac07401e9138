internal import Basics
internal import Formats
internal import HTTPTransport
internal import InferenceProtocol

/// `ServerReflectionInfo`: tells clients such as grpcurl what services and messages there are. Both versions
/// of the protocol have the same messages.
final class ReflectionReceiver: GRPCReceiver {
  private let call: GRPCCall

  init(_ call: GRPCCall) { self.call = call }

  func received(_ message: UnsafeRawBufferPointer) {
    do throws(ProtobufError) {
      call.send(try ReflectionProtocol.answer(message))
    } catch {
      call.finish(GRPCStatus(.invalidArgument, "Unrecognized request format: \(error)"))
    }
  }

  func ended() { call.finish(.ok) }
  func cancelled() {}
}

/// The messages of server reflection.
enum ReflectionProtocol {
  private static let notFound: UInt64 = 5
  private static let unimplemented: UInt64 = 12

  static func answer(_ request: UnsafeRawBufferPointer) throws(ProtobufError) -> Bytes {
    var reader = ProtobufReader(request)
    var host = ""
    var write: ((inout ProtobufWriter) -> Void)?
    while let tag = try reader.next() {
      switch tag.number {
      case 1: host = try reader.string(of: tag)
      case 3:
        let name = try reader.string(of: tag)
        write = { file(FileDescriptor.all.first { $0.name == name }, name, into: &$0) }
      case 4:
        let symbol = try reader.string(of: tag)
        write = { file(FileDescriptor.all.first { $0.defines(symbol) }, symbol, into: &$0) }
      case 5:
        _ = try reader.payload(of: tag)
        write = { error(notFound, "there are no extensions", into: &$0) }
      case 6:
        let type = try reader.string(of: tag)
        write = { extensions(of: type, into: &$0) }
      case 7:
        _ = try reader.payload(of: tag)
        write = { services(into: &$0) }
      default: try reader.skip(tag)
      }
    }
    var writer = ProtobufWriter()
    writer.field(1, host)
    writer.header(2, count: request.count)
    writer.append(request)
    if let write {
      write(&writer)
    } else {
      error(unimplemented, "the request asks for nothing that is known here", into: &writer)
    }
    return writer.bytes
  }

  private static func file(_ file: FileDescriptor?, _ asked: String, into writer: inout ProtobufWriter) {
    guard let file else { return error(notFound, "there is no '\(asked.prefix(200))'", into: &writer) }
    let bytes = file.encoded
    var response = ProtobufWriter()
    response.element(1, bytes[...])
    writer.element(4, response.bytes[...])
  }

  private static func extensions(of type: String, into writer: inout ProtobufWriter) {
    guard FileDescriptor.all.contains(where: { $0.defines(type) }) else {
      return error(notFound, "there is no '\(type.prefix(200))'", into: &writer)
    }
    writer.message(5) { $0.field(1, type) }
  }

  private static func services(into writer: inout ProtobufWriter) {
    writer.message(6) { list in
      for name in FileDescriptor.all.flatMap(\.serviceNames) { list.message(1) { $0.field(1, name) } }
    }
  }

  private static func error(_ code: UInt64, _ message: String, into writer: inout ProtobufWriter) {
    writer.message(7) {
      $0.field(1, code)
      $0.field(2, message)
    }
  }
}
