extension HTTPPlainRequest {
  /// Whether a head that was parsed already is as plain as those that are scanned here.
  public static func isPlain(_ head: HTTPRequestHead) -> Bool {
    guard head.method == "POST" else { return false }
    for field in head.headers.fields where !leavesAnswer(field.name, field.value) { return false }
    return true
  }

  private static func leavesAnswer(_ name: String, _ value: String) -> Bool {
    let known: [String]
    switch name.utf8.count {
    case 3: known = ["via"]
    case 4: known = ["host"]
    case 6: known = ["accept", "cookie", "origin", "pragma"]
    case 7: known = ["referer"]
    case 9: known = ["forwarded"]
    case 10: known = ["user-agent", "tracestate", "connection"]
    case 11: known = ["traceparent"]
    case 12:
      return HTTPHeaders.equal(name, "content-type")
        && (HTTPHeaders.equal(value, "application/json")
          || HTTPHeaders.equal(value, "application/json; charset=utf-8"))
    case 13: known = ["authorization", "cache-control"]
    case 14: known = ["content-length"]
    case 15: known = ["accept-encoding", "accept-language", "x-forwarded-for"]
    case 16: known = ["x-forwarded-host", "x-forwarded-port"]
    case 17: known = ["x-forwarded-proto"]
    default: return false
    }
    for other in known where HTTPHeaders.equal(name, other) { return true }
    return false
  }
}
