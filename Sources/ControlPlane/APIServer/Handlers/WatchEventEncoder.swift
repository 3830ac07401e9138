internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Puts objects into the form that the watcher takes.
struct WatchEventEncoder: Sendable {
  let target: ResourceRequest
  let clock: any WallClock
  private let form: ResponseForm
  private var hasSentColumns = false

  init(target: ResourceRequest, clock: any WallClock) {
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

  func bookmark(_ revision: Int64, annotations: [String: String] = [:]) -> WatchEvent {
    var object = KubeObject(json: [
      "kind": .string(target.resource.kind), "apiVersion": .string(target.resource.apiVersion),
      "metadata": ["resourceVersion": .string(String(revision)), "creationTimestamp": .null],
    ])
    if !annotations.isEmpty { object.annotations = annotations }
    return WatchEvent(.bookmark, object)
  }
}
