internal import Formats

/// What the status of a component says about its revisions: upstream's four names.
struct RolloutState: Sendable, Hashable {
  var latestCreated: String?
  var latestReady: String?
  var latestRolledOut: String?
  var previousRolledOut: String?

  init() {}

  /// From `status.components.<component>`.
  init(_ json: JSONValue?) {
    func name(_ key: String) -> String? { json?[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    latestCreated = name("latestCreatedRevision")
    latestReady = name("latestReadyRevision")
    latestRolledOut = name("latestRolledoutRevision")
    previousRolledOut = name("previousRolledoutRevision")
  }

  func write(into json: inout JSONValue) {
    for (key, name) in [
      ("latestReadyRevision", latestReady), ("latestCreatedRevision", latestCreated),
      ("previousRolledoutRevision", previousRolledOut), ("latestRolledoutRevision", latestRolledOut),
    ] { json[key] = name.map { .string($0) } }
  }

  var names: Set<String> {
    Set([latestCreated, latestReady, latestRolledOut, previousRolledOut].compactMap { $0 })
  }
}
