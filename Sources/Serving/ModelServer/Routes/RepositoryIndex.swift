internal import Formats
internal import ModelRuntime

/// One version of a model in the repository's index.
public struct RepositoryRow: Sendable, Hashable {
  public var name: String
  public var version: String?
  /// `READY`, `UNAVAILABLE`, `LOADING`
  public var state: String
  public var reason: String

  var json: JSONValue {
    var object: JSONObject = ["name": .string(name)]
    if let version { object["version"] = .string(version) }
    object["state"] = .string(state)
    object["reason"] = .string(reason)
    return .object(object)
  }
}

/// The model repository extension, for REST and gRPC alike. All of it may block.
enum RepositoryIndex {
  typealias Row = RepositoryRow

  /// Every version of every model that is there, and the models that could be loaded.
  static func rows(_ repository: ModelRepository, onlyReady: Bool) -> [Row] {
    var rows = repository.entries().map {
      Row(name: $0.name, version: $0.version, state: $0.indexState, reason: $0.indexReason)
    }
    if onlyReady { return rows.filter { $0.state == "READY" } }
    let known = Set(rows.map(\.name))
    for name in (try? repository.catalogue.names()) ?? [] where !known.contains(name) {
      rows.append(Row(name: name, version: nil, state: "UNAVAILABLE", reason: "not loaded"))
    }
    return rows
  }

  static func load(_ name: String, _ repository: ModelRepository) throws(RequestFailure) {
    guard repository.knows(name) else { throw .modelNotFound(name) }
    do throws(ModelLoadError) {
      try repository.load(name)
    } catch {
      throw .notReady("Model with name \(name) is not ready. \(error.message)")
    }
  }

  static func unload(
    _ name: String, version: String?, _ repository: ModelRepository
  ) throws(RequestFailure) {
    if repository.unload(name, version: version) { return }
    guard let version, !repository.versions(of: name).isEmpty else { throw .modelNotFound(name) }
    throw .versionNotFound(name, version)
  }
}
