internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import KubeStore

/// Puts objects into the form that the watcher takes.
struct WatchEventEncoder: Sendable {
  let target: ResourceRequest
  let clock: any WallClock
  private let recent: RecentWatchEvents
  private let form: ResponseForm
  private var hasSentColumns = false

  init(target: ResourceRequest, clock: any WallClock, recent: RecentWatchEvents) {
    self.recent = recent
    self.target = target
    self.clock = clock
    form = ResponseForm(accept: target.request.accept)
  }

  mutating func event(_ kind: WatchEvent.Kind, _ object: KubeObject) -> WatchEvent {
    let presented = APIServer.present(object, target.definition)
    switch form {
    case .object: return WatchEvent(kind, presented)
    case .partialMetadata: return WatchEvent(kind, KubeObject(json: PartialMetadata.single(presented)))
    case .table:
      let builder = TableBuilder(target.definition, target.request, now: clock.now())
      let table = builder.single(presented, withColumns: !hasSentColumns)
      hasSentColumns = true
      return WatchEvent(kind, KubeObject(json: table))
    }
  }

  /// The event of a stored value, shared with the others who watch it in the same form.
  mutating func event(
    _ kind: WatchEvent.Kind, _ value: StoredValue, _ object: () throws -> KubeObject
  ) rethrows -> WatchEvent {
    guard case .object = form else { return event(kind, try object()) }
    let definition = target.definition
    let key = RecentWatchEvents.Key(
      revision: value.revision, key: value.key, kind: kind, apiVersion: definition.resource.apiVersion)
    return try recent.event(key, size: value.content.size) {
      APIServer.present(try object(), definition)
    }
  }

  func bookmark(_ revision: Int64, annotations: [String: String] = [:]) -> WatchEvent {
    var object = KubeObject(json: [
      "kind": .string(target.resource.kind), "apiVersion": .string(target.resource.apiVersion),
      "metadata": ["resourceVersion": .string(String(revision)), "creationTimestamp": .null],
    ])
    if !annotations.isEmpty { object.annotations = annotations }
    return WatchEvent(.bookmark, object)
  }
}
