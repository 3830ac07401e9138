internal import Basics
internal import CNghttp2

/// nghttp2's calls, handed on to the connection in its user data. The connection outlives them: they come
/// only while it works on received bytes or on its output.
enum HTTP2Callbacks {
  static func make() -> OpaquePointer? {
    var made: OpaquePointer?
    guard nghttp2_session_callbacks_new(&made) == 0, let made else { return nil }
    nghttp2_session_callbacks_set_on_begin_frame_callback(made) { _, header, data in
      guard let connection = ownConnection(data), let header else { return failure }
      return connection.frameBegins(header.pointee)
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(made) { _, frame, data in
      guard let connection = ownConnection(data), let frame else { return failure }
      return connection.headersBegin(frame.pointee)
    }
    nghttp2_session_callbacks_set_on_header_callback(made) {
      _, _, name, nameCount, value, valueCount, _, data in
      guard let connection = ownConnection(data) else { return failure }
      return connection.header(
        UnsafeRawBufferPointer(start: name, count: nameCount),
        UnsafeRawBufferPointer(start: value, count: valueCount))
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(made) { _, frame, data in
      guard let connection = ownConnection(data), let frame else { return failure }
      return connection.frameReceived(frame.pointee)
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made) { _, _, id, bytes, count, data in
      guard let connection = ownConnection(data) else { return failure }
      return connection.dataReceived(id, UnsafeRawBufferPointer(start: bytes, count: count))
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(made) { _, id, code, data in
      guard let connection = ownConnection(data) else { return failure }
      connection.streamClosed(id, code)
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(made) { _, frame, data in
      guard let connection = ownConnection(data), let frame else { return failure }
      connection.frameSent(frame.pointee)
      return 0
    }
    nghttp2_session_callbacks_set_send_data_callback(made) { _, frame, header, count, source, data in
      guard let connection = ownConnection(data), let stream = sourceStream(source), let frame, let header
      else { return failure }
      return connection.sendData(
        stream, UnsafeRawBufferPointer(start: header, count: 9), count,
        padding: frame.pointee.data.padlen)
    }
    return made
  }

  /// Where an answer's body comes from.
  static func provider(_ stream: HTTP2Stream) -> nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = { _, _, _, room, flags, source, data in
      guard let connection = ownConnection(data), let stream = sourceStream(source), let flags
      else { return Int(failure) }
      return connection.nextData(stream, room, &flags.pointee)
    }
    return provider
  }
}

private var failure: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

private func ownConnection(_ data: UnsafeMutableRawPointer?) -> HTTP2ServerConnection? {
  guard let data else { return nil }
  let connection = Unmanaged<HTTP2ServerConnection>.fromOpaque(data).takeUnretainedValue()
  return connection.isClosed ? nil : connection
}

/// The connection keeps its streams until nghttp2 has closed them.
private func sourceStream(_ source: UnsafeMutablePointer<nghttp2_data_source>?) -> HTTP2Stream? {
  guard let pointer = source?.pointee.ptr else { return nil }
  return Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
}
