internal import APIServer
internal import Basics
internal import Formats
internal import KubeProtocol

/// Events as `apus describe` shows them: the oldest first, each with its age.
enum EventText {
  private static let limit = 20

  static func lines(_ events: [KubeObject], now: Timestamp) -> [String] {
    let sorted = events.map { ($0, time($0)) }.sorted { first, second in
      (first.1?.seconds ?? 0, first.0.name) < (second.1?.seconds ?? 0, second.0.name)
    }
    return sorted.suffix(limit).map { event, time in
      let count = event["count"]?.int ?? 1
      return "\(event["type"]?.string ?? "")  \(event["reason"]?.string ?? "")  \(AgeText.since(time, now))  "
        + "\(event["message"]?.string ?? "")\(count > 1 ? " (\(count) times)" : "")"
    }
  }

  /// When it happened last.
  private static func time(_ event: KubeObject) -> Timestamp? {
    let members: [JSONValue?] = [
      event.json.at("series", "lastObservedTime"), event["lastTimestamp"], event["eventTime"],
      event["firstTimestamp"],
    ]
    return members.lazy.compactMap { $0?.string.flatMap(Timestamp.init(rfc3339:)) }.first
      ?? event.creationTimestamp
  }
}
