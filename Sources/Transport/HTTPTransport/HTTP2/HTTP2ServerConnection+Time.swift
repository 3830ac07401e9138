internal import Basics
internal import CNghttp2

/// Deadlines and the end. One timer serves all streams: it looks at each when the earliest deadline comes.
extension HTTP2ServerConnection {
  /// Makes sure that deadlines are looked at by then.
  func watch(_ deadline: UInt64) {
    guard !isClosed else { return }
    if let timer {
      if deadline < timer.deadline { timer.move(to: deadline) }
    } else {
      // Not weakly: that would make every count of this object's references a slow one. The channel's end
      // ends the cycle.
      timer = server.loop.timer(at: deadline) { self.checkDeadlines() }
    }
  }

  private func checkDeadlines() {
    let now = server.loop.clock.now
    if headDeadline <= now {
      headDeadline = .max
      terminate(NGHTTP2_ENHANCE_YOUR_CALM)
    }
    if drainDeadline <= now { endDraining(now) }
    if idleDeadline <= now {
      idleDeadline = .max
      sendLastGoAway()
    }
    for stream in Array(streams) where stream.deadline <= now { stream.timedOut(now) }
    guard !isClosed else { return }
    var next = min(headDeadline, drainDeadline, idleDeadline)
    for stream in streams { next = min(next, stream.deadline) }
    // Later deadlines are announced by `watch`; until then the timer is far away.
    timer?.move(to: min(next, now &+ 3_600_000_000_000))
  }

  // MARK: the end

  func startDraining() {
    guard !isDraining else { return }
    isDraining = true
    announceEnd()
    // The client's answer to this has passed all requests that it sent before it knew.
    nghttp2_submit_ping(session.pointer, 0, nil)
    drainDeadline = server.loop.deadline(after: limits.drainingRequestTimeout)
    watch(drainDeadline)
    for stream in streams { stream.endStreamedAnswer() }
    if streams.isEmpty, !isBlockOpen { sendLastGoAway() }
    pumpSoon()
  }

  /// Tells the client to take another connection for its next requests; those on their way are still taken.
  func announceEnd() {
    guard !hasAnnouncedEnd else { return }
    hasAnnouncedEnd = true
    nghttp2_submit_shutdown_notice(session.pointer)
    pumpSoon()
  }

  /// From now on no request is taken; the connection closes once the open ones are answered.
  func sendLastGoAway() {
    guard !hasSentLastGoAway, !isClosed else { return }
    hasSentLastGoAway = true
    let last = nghttp2_session_get_last_proc_stream_id(session.pointer)
    nghttp2_submit_goaway(session.pointer, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    pumpSoon()
  }

  private func endDraining(_ now: UInt64) {
    sendLastGoAway()
    drainDeadline = .max
    for stream in Array(streams) { stream.endCall() }
  }

  // MARK: uploads

  /// Whether a stream may send on although much is collected already.
  func mayUpload(_ stream: HTTP2Stream) -> Bool {
    if uploadBytes <= limits.http2.uploadBytes { return true }
    return !streams.contains { $0.uploadCount > 0 && $0.id < stream.id }
  }

  /// Some collected bodies are gone: others may go on.
  func uploadsShrank() {
    for stream in Array(streams) { stream.openWindow() }
  }
}
