internal import Basics
internal import Crypto
internal import HTTPTransport
internal import HTTPWire
internal import KubeProtocol

/// Which protocol a connection changes to, and the head that says so.
struct UpgradeNegotiation: Sendable {
  enum Kind: Sendable { case webSocket, spdy }

  let kind: Kind
  /// The protocol within: `v5.channel.k8s.io`, …
  let inner: String
  let head: HTTPResponseHead

  private static let magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// - Parameters:
  ///   - webSocket: what is spoken on WebSockets, the best first.
  ///   - spdy: what is spoken on SPDY/3.1, the best first.
  init(_ headers: HTTPHeaders, webSocket: [String], spdy: [String]) throws(KubeError) {
    let wanted = (headers["Upgrade"] ?? "").lowercased()
    if wanted == "websocket" {
      let offered = Self.list(headers.all("Sec-WebSocket-Protocol"))
      guard let key = headers["Sec-WebSocket-Key"], headers["Sec-WebSocket-Version"] == "13" else {
        throw KubeError(.badRequest, "unable to upgrade: a WebSocket of version 13 with a key is needed")
      }
      guard let chosen = webSocket.first(where: offered.contains) else {
        throw KubeError(
          .badRequest,
          "unable to upgrade: none of the WebSocket protocols is known: \(offered.joined(separator: ", "));"
            + " use one of \(webSocket.joined(separator: ", "))")
      }
      kind = .webSocket
      inner = chosen
      let accept = Base64.encode(SHA1.digest(Bytes((key + Self.magic).utf8)))
      head = HTTPResponseHead(
        status: 101,
        headers: [
          "Upgrade": "websocket", "Sec-WebSocket-Accept": accept, "Sec-WebSocket-Protocol": chosen,
        ])
    } else if wanted == "spdy/3.1" {
      let offered = Self.list(headers.all("X-Stream-Protocol-Version"))
      guard let chosen = spdy.first(where: offered.contains) ?? (offered.isEmpty ? spdy.last : nil) else {
        throw KubeError(
          .forbidden,
          "unable to upgrade: none of the stream protocols is known: \(offered.joined(separator: ", "));"
            + " use one of \(spdy.joined(separator: ", "))")
      }
      kind = .spdy
      inner = chosen
      head = HTTPResponseHead(
        status: 101, headers: ["Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": chosen])
    } else {
      throw KubeError(.badRequest, "Upgrade request required: websocket or SPDY/3.1")
    }
  }

  func pipe(_ connection: ByteConnection) -> any StreamPipe {
    switch kind {
    case .webSocket: WebSocketPipe(connection)
    case .spdy: PlainPipe(connection: connection)
    }
  }

  private static func list(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",").map { $0.filter { $0 != " " } } }
  }
}
