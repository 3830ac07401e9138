internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Finds the collection that a kind or a typed name stands for, by asking the server what it has.
struct ResourceMapper {
  private struct Entry {
    let resource: KubeResource
    let names: Set<String>
    let categories: [String]
  }

  private let client: KubeClient
  private var entriesByGroupVersion: [String: [Entry]] = [:]
  private var groupVersions: [String] = []

  init(client: KubeClient) { self.client = client }

  /// The collection of a manifest's kind.
  mutating func resource(for kind: GroupVersionKind) async throws -> KubeResource {
    let entries = try await entries(of: kind.apiVersion)
    guard let entry = entries.first(where: { $0.resource.kind == kind.kind }) else {
      throw UsageError(message: "the server has no kind \"\(kind.kind)\" in version \"\(kind.apiVersion)\"")
    }
    return entry.resource
  }

  /// The collection of a typed name: plural, singular, short name, or `name.group`.
  mutating func resource(named typed: String) async throws -> KubeResource {
    let name = typed.lowercased()
    if groupVersions.isEmpty { groupVersions = try await preferredGroupVersions() }
    for groupVersion in groupVersions {
      if let entry = try await entries(of: groupVersion).first(where: { $0.names.contains(name) }) {
        return entry.resource
      }
    }
    throw UsageError(message: "the server has no resource type \"\(typed)\"")
  }

  /// The collection of a typed name, or those of a category such as `all`.
  mutating func resources(named typed: String) async throws -> [KubeResource] {
    do {
      return [try await resource(named: typed)]
    } catch let error as UsageError {
      var found: [KubeResource] = []
      for groupVersion in groupVersions {
        for entry in try await entries(of: groupVersion)
        where entry.categories.contains(typed.lowercased())
          && !found.contains(where: { $0.qualifiedName == entry.resource.qualifiedName })
        {
          found.append(entry.resource)
        }
      }
      if found.isEmpty { throw error }
      return found
    }
  }

  /// Every version of every group, each group's preferred one first.
  private func preferredGroupVersions() async throws -> [String] {
    let groups = try await client.json(.init(method: "GET", path: "/apis"))
    var versions = ["v1"]
    for group in groups["groups"]?.array ?? [] {
      let preferred = group.at("preferredVersion", "groupVersion")?.string
      let all = (group["versions"]?.array ?? []).compactMap { $0["groupVersion"]?.string }
      versions += [preferred].compactMap { $0 } + all.filter { $0 != preferred }
    }
    return versions
  }

  private mutating func entries(of groupVersion: String) async throws -> [Entry] {
    if let known = entriesByGroupVersion[groupVersion] { return known }
    let sample = GroupVersionKind(apiVersion: groupVersion, kind: "")
    let path = sample.group.isEmpty ? "/api/\(groupVersion)" : "/apis/\(groupVersion)"
    let list: JSONValue
    do {
      list = try await client.json(.init(method: "GET", path: path))
    } catch let error as KubeError where error.code == 404 {
      return []
    }
    let entries = (list["resources"]?.array ?? []).compactMap { entry(from: $0, group: sample) }
    entriesByGroupVersion[groupVersion] = entries
    return entries
  }

  private func entry(from json: JSONValue, group: GroupVersionKind) -> Entry? {
    guard let plural = json["name"]?.string, !plural.contains("/"), let kind = json["kind"]?.string else {
      return nil
    }
    let resource = KubeResource(
      group: group.group, version: group.version, plural: plural, kind: kind,
      isNamespaced: json["namespaced"]?.bool ?? false)
    var names: Set<String> = [plural, resource.qualifiedName, kind.lowercased()]
    if let singular = json["singularName"]?.string, !singular.isEmpty { names.insert(singular) }
    for short in json["shortNames"]?.array ?? [] { if let text = short.string { names.insert(text) } }
    return Entry(
      resource: resource, names: names,
      categories: (json["categories"]?.array ?? []).compactMap(\.string))
  }
}
