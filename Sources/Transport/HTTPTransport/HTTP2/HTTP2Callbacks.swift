internal import Basics
internal import CNghttp2

/// nghttp2's calls, handed on to the connection in its user data. The connection outlives them: they come
/// only while it works on received bytes or on its output.
enum HTTP2Callbacks {
  static func make() -> OpaquePointer? {
    var made: OpaquePointer?
    guard nghttp2_session_callbacks_new(&made) == 0, let made else { return nil }
    nghttp2_session_callbacks_set_on_begin_frame_callback(made) { _, header, data in
      guard let header else { return failure }
      return withConnection(data) { $0.frameBegins(header.pointee) }
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(made) { _, _, data in
      withConnection(data) { $0.headersBegin() }
    }
    nghttp2_session_callbacks_set_on_header_callback(made) {
      _, _, name, nameCount, value, valueCount, _, data in
      withConnection(data) {
        $0.header(
          UnsafeRawBufferPointer(start: name, count: nameCount),
          UnsafeRawBufferPointer(start: value, count: valueCount))
      }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(made) { _, frame, data in
      guard let frame else { return failure }
      return withConnection(data) { $0.frameReceived(frame) }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made) { _, _, id, bytes, count, data in
      withConnection(data) { $0.dataReceived(id, UnsafeRawBufferPointer(start: bytes, count: count)) }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(made) { _, id, code, data in
      withConnection(data) {
        $0.streamClosed(id, code)
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(made) { _, frame, data in
      guard let frame else { return failure }
      return withConnection(data) {
        $0.frameSent(frame)
        return 0
      }
    }
    nghttp2_session_callbacks_set_send_data_callback(made) { _, frame, header, count, _, data in
      guard let frame, let header else { return failure }
      return withConnection(data) {
        $0.sendData(
          frame.pointee.hd.stream_id, UnsafeRawBufferPointer(start: header, count: 9), count)
      }
    }
    return made
  }

  /// Where answers' bodies come from: the connection finds the stream by its number.
  static func provider() -> nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.read_callback = { _, id, _, room, flags, _, data in
      guard let flags else { return Int(failure) }
      return Int(withConnection(data) { Int32(clamping: $0.nextData(id, room, &flags.pointee)) })
    }
    return provider
  }
}

private var failure: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

/// The connection is not counted here: it is alive for as long as it is in a call of nghttp2.
@inline(__always)
private func withConnection(
  _ data: UnsafeMutableRawPointer?, _ body: (HTTP2ServerConnection) -> Int32
) -> Int32 {
  guard let data else { return failure }
  return Unmanaged<HTTP2ServerConnection>.fromOpaque(data)._withUnsafeGuaranteedRef {
    $0.isClosed ? failure : body($0)
  }
}
