internal import Basics
internal import HTTPWire

/// The heads that go on to the other side: without what concerns one connection only, with what the route
/// changes.
enum ForwardedHead {
  /// RFC 9110 §7.6.1, and what the sender frames anew.
  static let hopByHop: [String] = [
    "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
    "transfer-encoding",
    "upgrade", "expect",
  ]

  static func request(
    _ head: HTTPRequestHead, remoteAddress: String, target: RouteTarget,
    backend: RouteTarget.WeightedBackend, random: any RandomSource
  ) -> HTTPRequestHead {
    var forwarded = head
    forwarded.version = .http11
    forwarded.headers = endToEnd(head.headers)
    setForwarded(&forwarded.headers, original: head.headers, remoteAddress: remoteAddress)
    if !forwarded.headers.contains("X-Request-Id") { forwarded.headers.append("X-Request-Id", random.uuid()) }
    for filters in [target.filters, backend.filters] {
      apply(filters.requestHeaders, to: &forwarded.headers)
      if let hostname = filters.hostname { forwarded.headers.set("Host", hostname) }
      if let path = filters.path { rewrite(&forwarded, path, matchedPrefix: target.matchedPrefix) }
    }
    return forwarded
  }

  static func response(
    _ head: HTTPResponseHead, target: RouteTarget, backend: RouteTarget.WeightedBackend
  ) -> HTTPResponseHead {
    var forwarded = HTTPResponseHead(status: head.status, headers: endToEnd(head.headers))
    apply(backend.filters.responseHeaders, to: &forwarded.headers)
    apply(target.filters.responseHeaders, to: &forwarded.headers)
    return forwarded
  }

  private static func endToEnd(_ headers: HTTPHeaders) -> HTTPHeaders {
    var dropped: [Substring] = []
    for value in headers.all("Connection") {
      dropped += value.split { $0 == "," || $0 == " " || $0 == "\t" }
    }
    var kept: [(String, String)] = []
    kept.reserveCapacity(headers.fields.count + 4)
    dropped.removeAll(where: isEndToEnd)
    for field in headers.fields {
      if hopByHop.contains(where: { HTTPHeaders.equal($0, field.name) }) { continue }
      if dropped.contains(where: { HTTPHeaders.equal(String($0), field.name) }) { continue }
      kept.append((field.name, field.value))
    }
    return HTTPHeaders(kept)
  }

  /// Fields that every recipient needs, whatever `Connection` says of them (RFC 9110 §7.6.1 forbids senders
  /// to list such).
  private static func isEndToEnd(_ name: Substring) -> Bool {
    let lowercased = name.lowercased()
    return lowercased.hasPrefix("content-") || endToEndFields.contains(lowercased)
  }

  private static let endToEndFields: Set<String> = [
    "host", "date", "cookie", "set-cookie", "authorization", "www-authenticate", "location", "retry-after",
    "cache-control", "x-request-id",
  ]

  /// The client's own X-Forwarded-For is kept in front; the others are this gateway's word alone.
  private static func setForwarded(_ headers: inout HTTPHeaders, original: HTTPHeaders, remoteAddress: String)
  {
    let client = HostName.normalized(remoteAddress[...])
    let before = original.all("X-Forwarded-For").joined(separator: ", ")
    headers.set("X-Forwarded-For", before.isEmpty ? client : "\(before), \(client)")
    headers.set("X-Forwarded-Proto", "http")
    if let host = original["Host"] { headers.set("X-Forwarded-Host", host) }
  }

  private static func apply(_ edits: HeaderEdits, to headers: inout HTTPHeaders) {
    for name in edits.remove { headers.remove(name) }
    for (name, value) in edits.set { headers.set(name, value) }
    for (name, value) in edits.add { headers.append(name, value) }
  }

  private static func rewrite(
    _ head: inout HTTPRequestHead, _ rewrite: RouteFilters.PathRewrite, matchedPrefix: String
  ) {
    let query = head.query.map { "?\($0)" } ?? ""
    switch rewrite {
    case .full(let path): head.target = path + query
    case .prefix(let replacement):
      guard head.path.hasPrefix(matchedPrefix) else { return }
      let rest = head.path.dropFirst(matchedPrefix.count)
      var path = replacement.hasSuffix("/") ? String(replacement.dropLast()) : replacement
      path += rest.hasPrefix("/") || rest.isEmpty ? String(rest) : "/\(rest)"
      head.target = (path.isEmpty ? "/" : path) + query
    }
  }
}
