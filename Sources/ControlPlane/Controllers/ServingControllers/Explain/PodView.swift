internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What explanations ask of a pod and of the events about it.
struct PodView {
  let pod: KubeObject
  /// Warnings about this pod, in any order.
  let events: [KubeObject]

  init(_ pod: KubeObject, events: [KubeObject] = []) {
    self.pod = pod
    self.events = events.filter { Self.isAbout(pod, $0) && $0["type"]?.string == "Warning" }
  }

  static func isAbout(_ pod: KubeObject, _ event: KubeObject) -> Bool {
    guard let object = event["involvedObject"], object["kind"]?.string == pod.kind else { return false }
    if let uid = object["uid"]?.string, !uid.isEmpty, !pod.uid.isEmpty { return uid == pod.uid }
    return object["name"]?.string == pod.name
  }

  func container(_ name: String) -> JSONValue? {
    let all = (pod.spec?["initContainers"]?.array ?? []) + (pod.spec?["containers"]?.array ?? [])
    return all.first { $0["name"]?.string == name }
  }

  /// Init containers first, as they run first; then the model's, then the others.
  var statuses: [JSONValue] {
    let main = pod.status?["containerStatuses"]?.array ?? []
    let model = main.filter { $0["name"]?.string == ServingPod.modelContainer }
    let others = main.filter { $0["name"]?.string != ServingPod.modelContainer }
    return (pod.status?["initContainerStatuses"]?.array ?? []) + model + others
  }

  /// The storage URI that the pod's first init container fetches; "" where there is none.
  var sourceURI: String {
    if let uri = pod.annotations[ServingAnnotation.storageSourceURI], !uri.isEmpty { return uri }
    return container(ServingPod.storageInitializer)?["args"]?[0]?.string ?? ""
  }

  /// Whether the pod has been ready before: its condition has changed after the pod was initialized.
  var wasReady: Bool {
    let conditions = pod.status?["conditions"]
    guard let ready = Conditions.lastTransition(conditions, "Ready"),
      let initialized = Conditions.lastTransition(conditions, "Initialized")
    else { return false }
    return ready > initialized
  }

  var serviceName: String { pod.labels[ServingLabel.inferenceService] ?? pod.name }

  /// How often a probe of a container has failed since then, and its last words; nil where it has not.
  func probeFailure(_ container: String, since start: Timestamp?) -> (
    count: Int64, kind: String, text: String
  )? {
    let about = events.filter { event in
      guard event["reason"]?.string == "Unhealthy" else { return false }
      let path = event.json.at("involvedObject", "fieldPath")?.string ?? ""
      guard path.isEmpty || path.hasSuffix("{\(container)}") else { return false }
      guard let start, let last = Self.time(event) else { return true }
      return last >= start
    }
    guard let newest = about.max(by: { (Self.time($0)?.seconds ?? 0) < (Self.time($1)?.seconds ?? 0) }),
      let message = newest["message"]?.string
    else { return nil }
    let count = about.reduce(Int64(0)) { $0 &+ max(1, $1["count"]?.int ?? 1) }
    let parts = message.split(separator: ":", maxSplits: 1)
    let kind = String(message.prefix { $0 != " " }).lowercased()
    let text = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : message
    return (count, kind, text)
  }

  static func time(_ event: KubeObject) -> Timestamp? {
    for member in ["lastTimestamp", "eventTime", "firstTimestamp"] {
      if let time = event[member]?.string.flatMap(Timestamp.init(rfc3339:)) { return time }
    }
    return event.creationTimestamp
  }

  /// The last event with one of these reasons.
  func message(of reasons: Set<String>) -> String? {
    events.filter { reasons.contains($0["reason"]?.string ?? "") }
      .max { (Self.time($0)?.seconds ?? 0) < (Self.time($1)?.seconds ?? 0) }?["message"]?.string
  }
}
