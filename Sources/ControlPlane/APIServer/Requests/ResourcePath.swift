/// What a request path addresses: `/apis/<group>/<version>/namespaces/<ns>/<plural>/<name>/<subresource>`.
struct ResourcePath: Sendable, Hashable {
  var group: String
  var version: String
  /// Nil where the path names none: a cluster-wide kind, or all namespaces.
  var namespace: String?
  var plural: String
  var name: String?
  var subresource: String?

  /// Nil for every path that is no resource: discovery, health, documents.
  init?(segments: [String]) {
    var rest: ArraySlice<String>
    if segments.first == "api", segments.count > 2 {
      group = ""
      version = segments[1]
      rest = segments[2...]
    } else if segments.first == "apis", segments.count > 3 {
      group = segments[1]
      version = segments[2]
      rest = segments[3...]
    } else {
      return nil
    }
    if rest.first == "namespaces", rest.count > 2, !Self.isNamespaceSubresource(rest, group) {
      namespace = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    guard let plural = rest.first, rest.count <= 3 else { return nil }
    self.plural = plural
    if rest.count > 1 { name = rest[rest.startIndex + 1] }
    if rest.count > 2 { subresource = rest[rest.startIndex + 2] }
  }

  /// `namespaces/<name>/status` is about the namespace itself.
  private static func isNamespaceSubresource(_ rest: ArraySlice<String>, _ group: String) -> Bool {
    group.isEmpty && rest.count == 3 && ["status", "finalize"].contains(rest[rest.startIndex + 2])
  }
}
