internal import Basics
internal import Formats

/// A container cannot be started as its spec stands: `CreateContainerConfigError` with the cause.
struct ContainerConfigurationError: Error, Hashable, CustomStringConvertible {
  var description: String
}

/// Computes the variables of a container from its spec. Pure.
struct EnvironmentResolver: Sendable {
  var downward: DownwardAPI
  var references: PodReferences

  /// `envFrom` first, then `env`, each value with `$(NAME)` of what came before it expanded.
  /// - Returns: names in order of first appearance; the last value of a name counts.
  func resolve(_ container: ContainerSpec) throws(ContainerConfigurationError) -> [(
    name: String, value: String
  )] {
    var names: [String] = []
    var values: [String: String] = [:]
    func set(_ name: String, _ value: String) {
      if values[name] == nil { names.append(name) }
      values[name] = value
    }
    for source in container.json["envFrom"]?.array ?? [] {
      for (key, value) in try data(of: source).sorted(by: { $0.key < $1.key }) {
        set((source["prefix"]?.string ?? "") + key, String(decoding: value, as: UTF8.self))
      }
    }
    for entry in container.json["env"]?.array ?? [] {
      guard let name = entry["name"]?.string, !name.isEmpty else { continue }
      if let source = entry["valueFrom"], source.object != nil {
        if let value = try value(from: source, container) { set(name, value) }
      } else {
        set(name, try VariableExpansion.expand(entry["value"]?.string ?? "", values))
      }
    }
    return names.compactMap { name in values[name].map { (name, $0) } }
  }

  private func data(of source: JSONValue) throws(ContainerConfigurationError) -> [String: Bytes] {
    for (member, kind, objects) in [
      ("configMapRef", "configmap", references.configMaps), ("secretRef", "secret", references.secrets),
    ] {
      guard let reference = source[member], reference.object != nil else { continue }
      let name = reference["name"]?.string ?? ""
      if let data = objects[name] { return data }
      if reference["optional"]?.bool == true { return [:] }
      throw ContainerConfigurationError(description: "\(kind) \"\(name)\" not found")
    }
    return [:]
  }

  /// Nil for an optional source that is not there.
  private func value(
    from source: JSONValue, _ container: ContainerSpec
  ) throws(ContainerConfigurationError) -> String? {
    if let path = source.at("fieldRef", "fieldPath")?.string {
      if let value = downward.field(path) { return value }
      throw ContainerConfigurationError(description: "fieldRef: the field \"\(path)\" is not supported")
    }
    if let reference = source["resourceFieldRef"], reference.object != nil {
      if let value = downward.resource(reference, container: container) { return value }
      throw ContainerConfigurationError(
        description: "resourceFieldRef: \"\(reference["resource"]?.string ?? "")\" cannot be resolved")
    }
    for (member, kind, objects) in [
      ("configMapKeyRef", "configmap", references.configMaps), ("secretKeyRef", "secret", references.secrets),
    ] {
      guard let reference = source[member], reference.object != nil else { continue }
      let name = reference["name"]?.string ?? ""
      let key = reference["key"]?.string ?? ""
      if let value = objects[name]?[key] { return String(decoding: value, as: UTF8.self) }
      if reference["optional"]?.bool == true { return nil }
      let cause =
        objects[name] == nil
        ? "\(kind) \"\(name)\" not found" : "key \"\(key)\" not found in \(kind) \"\(name)\""
      throw ContainerConfigurationError(description: cause)
    }
    throw ContainerConfigurationError(description: "valueFrom has no source that this node knows")
  }
}
