internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import KubeStore

extension APIServer {
  /// A part of a collection at one revision.
  private struct Page {
    var objects: [KubeObject] = []
    var revision: Int64
    /// Where there is more.
    var next: ContinueToken?
    /// Nil where a selector makes it unknown.
    var remaining: Int?
  }

  func list(_ target: ResourceRequest) async throws -> KubeResponse {
    let selection = try Selection(target)
    let options = try ListOptions(target)
    let page = try await page(target, options, selection)
    let presented = page.objects.map { present($0, target.definition) }
    var metadata: JSONValue = ["resourceVersion": .string(String(page.revision))]
    if let next = page.next { metadata["continue"] = .string(next.text) }
    if let remaining = page.remaining { metadata["remainingItemCount"] = .int(remaining) }
    let json: JSONValue
    switch ResponseForm(accept: target.request.accept) {
    case .table:
      json = TableBuilder(target.definition, target.request, now: clock.now()).list(presented, metadata)
    case .partialMetadata: json = PartialMetadata.list(presented, metadata)
    case .object:
      json = [
        "kind": .string(target.definition.listKind), "apiVersion": .string(target.resource.apiVersion),
        "metadata": metadata, "items": .array(presented.map(\.json)),
      ]
    }
    return KubeResponse(status: 200, body: .json(json))
  }

  private func page(
    _ target: ResourceRequest, _ options: ListOptions, _ selection: Selection
  ) async throws -> Page {
    let (values, revision) = try await values(target, options)
    guard options.limit != nil || options.start != nil else {
      let all = try storage.decode(values)
      return Page(objects: selection.selectsAll ? all : all.filter(selection.matches), revision: revision)
    }
    let prefix = target.definition.storagePrefix
    var position = options.start.map { Self.position(after: prefix + $0.after, in: values) } ?? 0
    var page = Page(revision: revision)
    while position < values.count {
      // Pieces, so that a selector that takes little does not decode one at a time.
      let wanted = max((options.limit ?? values.count) - page.objects.count, 64)
      let end = min(position + wanted, values.count)
      let piece = try storage.decode(Array(values[position..<end]))
      for (offset, object) in piece.enumerated() where selection.selectsAll || selection.matches(object) {
        if let limit = options.limit, page.objects.count == limit {
          let last = page.objects.last.map { target.definition.storageKey($0.key) } ?? ""
          page.next = ContinueToken(revision: revision, after: String(last.dropFirst(prefix.count)))
          if selection.selectsAll { page.remaining = values.count - position - offset }
          return page
        }
        page.objects.append(object)
      }
      position = end
    }
    return page
  }

  /// The collection as the request wants it: now, or as it was.
  private func values(
    _ target: ResourceRequest, _ options: ListOptions
  ) async throws -> (values: [StoredValue], revision: Int64) {
    let prefix = target.definition.storagePrefix(namespace: target.namespace)
    let past = options.start.map(\.revision) ?? (options.match == .exact ? options.resourceVersion : -1)
    if past > 0 {
      do {
        return (try await storage.store.list(prefix: prefix, at: past), past)
      } catch StoreError.compacted {
        throw await expired(options)
      }
    }
    let (values, revision) = try await storage.store.list(prefix: prefix)
    if options.start == nil, options.resourceVersion > revision {
      var error = KubeError(
        .timeout, "Too large resource version: \(options.resourceVersion), current: \(revision)")
      error.retryAfterSeconds = 1
      error.causes = [
        KubeError.Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")
      ]
      throw error
    }
    return (values, revision)
  }

  /// The answer where the past is gone. A list that was begun gets a token for the rest as it is now.
  private func expired(_ options: ListOptions) async -> KubeError {
    guard let start = options.start else {
      return KubeError(
        .expired, "The resourceVersion for the provided list is too old: \(options.resourceVersion)")
    }
    var error = KubeError(
      .expired,
      "The provided continue parameter is too old to display a consistent list result. You can start a new"
        + " list without the continue parameter, or use the continue token in this response to retrieve the"
        + " remainder of the results. Continuing with the provided token results in an inconsistent list -"
        + " objects that were created, modified, or deleted between the time the first chunk was returned"
        + " and now may show up in the list.")
    error.continueToken = ContinueToken(revision: -1, after: start.after).text
    return error
  }

  /// The place of the first value behind a key. The values are sorted by the bytes of their keys.
  private static func position(after key: String, in values: [StoredValue]) -> Int {
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      if key.utf8.lexicographicallyPrecedes(values[middle].key.utf8) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }
}
