internal import Basics
internal import HTTPWire

extension HTTP1ServerConnection {
  /// Answers 101 and hands the connection over. Nil where the request is not waiting any more.
  func takeOver(_ sequence: Int, _ head: HTTPResponseHead) async -> ByteConnection? {
    await withCheckedContinuation { continuation in
      let accepted = server.loop.submit {
        continuation.resume(returning: self.handOver(sequence, head))
      }
      if !accepted { continuation.resume(returning: nil) }
    }
  }

  /// On the loop's thread.
  private func handOver(_ sequence: Int, _ head: HTTPResponseHead) -> ByteConnection? {
    guard sequence == self.sequence, channel.isOpen, case .waiting = response, case .complete = request
    else { return nil }
    channel.write { bytes in
      HTTPSerializer.append("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n", to: &bytes)
      for field in head.headers.fields {
        bytes.append(contentsOf: "\(field.name): \(field.value)\r\n".utf8)
      }
      HTTPSerializer.append("\r\n", to: &bytes)
    }
    stopTimer()
    // Whatever still refers to the request is late from now on.
    self.sequence &+= 1
    let connection = ByteConnection(server.loop, channel, received: exchange(&inbound, []))
    let task = exchange(&self.task, nil)
    let server = self.server
    connection.onClose = { [weak connection] in
      task?.cancel()
      if let connection { server.remove(connection) }
    }
    server.replace(self, by: connection)
    channel.replaceDelegate(connection)
    if isReadingPaused {
      isReadingPaused = false
      channel.resumeReading()
    }
    return connection
  }
}
