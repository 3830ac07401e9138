/// In which form a client takes objects, from its `Accept` header: the first alternative that is known.
enum ResponseForm: Sendable {
  case object, table, partialMetadata

  init(accept: String) {
    guard accept.contains("as=") else {
      self = .object
      return
    }
    for alternative in accept.split(separator: ",") {
      let parts = alternative.split(separator: ";").map { $0.filter { $0 != " " } }
      // Every answer is JSON: a protobuf alternative is passed over where a later one is understood.
      guard parts.first == "application/json" || parts.first == "*/*" else { continue }
      guard let form = parts.first(where: { $0.hasPrefix("as=") })?.dropFirst(3) else {
        self = .object
        return
      }
      guard parts.contains("g=meta.k8s.io"), parts.contains("v=v1") else { continue }
      switch form {
      case "Table":
        self = .table
        return
      case "PartialObjectMetadata", "PartialObjectMetadataList":
        self = .partialMetadata
        return
      default: continue
      }
    }
    self = .object
  }
}
