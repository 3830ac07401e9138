internal import Basics
internal import CNghttp2

/// Owns nghttp2's state of one server connection; nobody else frees its pointer.
struct HTTP2Session: ~Copyable {
  let pointer: OpaquePointer

  /// - Parameter options: shared by all connections of a server.
  init?(_ options: HTTP2Options) {
    var made: OpaquePointer?
    guard let callbacks = options.callbacks, let option = options.option,
      nghttp2_session_server_new2(&made, callbacks, nil, option) == 0, let made
    else { return nil }
    pointer = made
  }

  deinit { nghttp2_session_del(pointer) }
}

/// What the sessions of one server have in common.
/// `@unchecked Sendable`: both are only read once init is over, and nghttp2 copies what it needs from them.
final class HTTP2Options: @unchecked Sendable {
  let callbacks: OpaquePointer?
  let option: OpaquePointer?

  init(_ limits: HTTP2Limits) {
    callbacks = HTTP2Callbacks.make()
    var made: OpaquePointer?
    guard nghttp2_option_new(&made) == 0, let made else {
      option = nil
      return
    }
    option = made
    // The window moves on when bytes are used, not when they come.
    nghttp2_option_set_no_auto_window_update(made, 1)
    nghttp2_option_set_no_closed_streams(made, 1)
    nghttp2_option_set_max_outbound_ack(made, 256)
    nghttp2_option_set_max_settings(made, 32)
    nghttp2_option_set_max_continuations(made, limits.continuations)
    nghttp2_option_set_stream_reset_rate_limit(
      made, UInt64(clamping: limits.resetBurst), UInt64(clamping: limits.resetsPerSecond))
    // Larger heads than that come from a mistake in the handler.
    nghttp2_option_set_max_send_header_block_length(made, 128 * 1024)
  }

  deinit {
    if let callbacks { nghttp2_session_callbacks_del(callbacks) }
    if let option { nghttp2_option_del(option) }
  }
}
