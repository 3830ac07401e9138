internal import Basics

/// What a method and a path ask for.
enum InferenceRoute: Hashable, Sendable {
  case liveness
  case metrics
  case v1Models
  case v1Model(String)
  case v1Predict(String)
  case v1Explain(String)
  case v2Server
  case v2Live
  case v2Ready
  case v2Models
  case v2Model(String, version: String?)
  case v2ModelReady(String, version: String?)
  case v2Infer(String, version: String?)
  case v2ModelConfiguration(String, version: String?)
  /// Of all models where there is no name.
  case v2Statistics(String?, version: String?)
  case index
  case load(String)
  case unload(String, version: String?)

  enum Match: Hashable, Sendable {
    case route(InferenceRoute)
    case notFound
    /// The path exists for another method.
    case methodNotAllowed(allow: String)
    /// A name in the path is no valid percent-encoded text.
    case invalidName
  }

  /// Finds the route of a request.
  /// - Parameter path: without the query, percent-encoded; one `/` at its end does not count.
  static func match(method: String, path: Substring) -> Match {
    guard path.utf8.first == UInt8(ascii: "/") else { return .notFound }
    // By bytes: looking for the borders of characters would take longer than all else here.
    var segments = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { Substring($0) }
    if segments.last?.isEmpty == true { segments.removeLast() }
    guard let found = find(segments) else { return .notFound }
    guard let (expected, route) = found.value else { return .invalidName }
    return method == expected ? .route(route) : .methodNotAllowed(allow: expected)
  }

  private struct Found {
    /// Nil where a name is malformed.
    var value: (method: String, route: InferenceRoute)?
  }

  private static func find(_ segments: [Substring]) -> Found? {
    guard let first = segments.first else { return get(.liveness) }
    switch (first, segments.count) {
    case ("metrics", 1): return get(.metrics)
    case ("v1", _): return findV1(segments.dropFirst())
    case ("v2", _): return findV2(segments.dropFirst())
    default: return nil
    }
  }

  private static func findV1(_ rest: ArraySlice<Substring>) -> Found? {
    guard rest.first == "models" else { return nil }
    guard rest.count > 1 else { return get(.v1Models) }
    guard rest.count == 2, let segment = rest.last else { return nil }
    if segment.hasSuffix(":predict") { return post(segment.dropLast(8)) { .v1Predict($0) } }
    if segment.hasSuffix(":explain") { return post(segment.dropLast(8)) { .v1Explain($0) } }
    return named(segment, "GET") { .v1Model($0) }
  }

  private static func findV2(_ rest: ArraySlice<Substring>) -> Found? {
    guard let first = rest.first else { return get(.v2Server) }
    let parts = rest.dropFirst()
    switch first {
    case "health" where parts.count == 1:
      if parts.first == "live" { return get(.v2Live) }
      return parts.first == "ready" ? get(.v2Ready) : nil
    case "models":
      guard let name = parts.first else { return get(.v2Models) }
      return findV2Model(name, parts.dropFirst())
    case "repository": return findV2Repository(parts)
    default: return nil
    }
  }

  private static func findV2Repository(_ parts: ArraySlice<Substring>) -> Found? {
    if parts.count == 1, parts.first == "index" { return Found(value: ("POST", .index)) }
    guard parts.first == "models", let name = parts.dropFirst().first else { return nil }
    let (version, verb) = versioned(parts.dropFirst(2))
    guard let version else { return Found(value: nil) }
    guard verb.count == 1 else { return nil }
    switch verb.first {
    case "load" where version.isEmpty: return post(name) { .load($0) }
    case "unload": return post(name) { .unload($0, version: version.isEmpty ? nil : version) }
    default: return nil
    }
  }

  /// Splits `versions/{v}` off the parts that follow a model's name.
  /// - Returns: the version, "" where there is none, nil where it is malformed.
  private static func versioned(
    _ parts: ArraySlice<Substring>
  ) -> (version: String?, rest: ArraySlice<Substring>) {
    guard parts.first == "versions", let version = parts.dropFirst().first else { return ("", parts) }
    return (PathName.decoded(version), parts.dropFirst(2))
  }

  private static func findV2Model(_ name: Substring, _ rest: ArraySlice<Substring>) -> Found? {
    if name == "stats" && rest.isEmpty { return get(.v2Statistics(nil, version: nil)) }
    let (found, rest) = versioned(rest)
    guard let found else { return Found(value: nil) }
    let chosen = found.isEmpty ? nil : found
    guard let verb = rest.first else { return named(name, "GET") { .v2Model($0, version: chosen) } }
    guard rest.count == 1 else { return nil }
    switch verb {
    case "ready": return named(name, "GET") { .v2ModelReady($0, version: chosen) }
    case "infer": return named(name, "POST") { .v2Infer($0, version: chosen) }
    case "config": return named(name, "GET") { .v2ModelConfiguration($0, version: chosen) }
    case "stats": return named(name, "GET") { .v2Statistics($0, version: chosen) }
    default: return nil
    }
  }

  private static func get(_ route: InferenceRoute) -> Found { Found(value: ("GET", route)) }

  private static func post(_ name: Substring, _ route: (String) -> InferenceRoute) -> Found {
    named(name, "POST", route)
  }

  private static func named(_ name: Substring, _ method: String, _ route: (String) -> InferenceRoute) -> Found
  {
    Found(value: PathName.decoded(name).map { (method, route($0)) })
  }
}

/// Names in paths.
enum PathName {
  private static let byteLimit = 512

  /// The decoded name; nil where it is empty, malformed, no UTF-8, too long, or holds control characters or
  /// `/`.
  static func decoded(_ segment: Substring) -> String? {
    let isPlain = !segment.utf8.contains(UInt8(ascii: "%"))
    guard !segment.isEmpty, segment.utf8.count <= byteLimit * 3,
      let name = isPlain ? String(segment) : PercentEncoding.decode(segment), name.utf8.count <= byteLimit,
      !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") })
    else { return nil }
    return name
  }
}
