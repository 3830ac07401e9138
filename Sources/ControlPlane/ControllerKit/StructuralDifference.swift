public import Formats
internal import KubeProtocol

/// Compares what is wanted with what is there: only what `desired` mentions counts, so that the server's
/// defaults and other writers' fields are no difference.
///
/// - An object matches where each of its members matches; `null`, `{}`, `[]` and `""` match an absent member.
/// - A list matches where both have as many elements and each matches: by their merge key where the list has
///   one (containers, volumes, ports…, in any order), else in order.
/// - Quantities under `requests`, `limits`, `capacity`, `hard` and `sizeLimit` compare by value: `1` is
///   `1000m`.
public enum StructuralDifference {
  /// The path of the first difference, as `spec.template.spec.containers[0].image`; nil where nothing
  /// differs.
  public static func first(desired: JSONValue, existing: JSONValue?, path: String = "") -> String? {
    compare(desired, existing, path, name: path)
  }

  /// Lists whose elements are told apart by a member.
  private static let mergeKeys: [String: [String]] = [
    "containers": ["name"], "initContainers": ["name"], "volumes": ["name"], "volumeMounts": ["mountPath"],
    "imagePullSecrets": ["name"], "conditions": ["type"], "ownerReferences": ["uid"],
  ]
  private static let quantityMaps: Set<String> = ["requests", "limits", "capacity", "hard", "allocatable"]

  private static func compare(
    _ desired: JSONValue, _ existing: JSONValue?, _ path: String, name: String
  ) -> String? {
    guard let existing, !existing.isNull else { return isEmpty(desired) ? nil : place(path) }
    switch (desired, existing) {
    case (.object(let wanted), .object):
      for member in wanted.members {
        let child = path.isEmpty ? member.key : "\(path).\(member.key)"
        if quantityMaps.contains(name) || member.key == "sizeLimit",
          let left = Quantity(json: member.value),
          let right = existing[member.key].flatMap(Quantity.init(json:))
        {
          if left != right { return child }
          continue
        }
        if let difference = compare(member.value, existing[member.key], child, name: member.key) {
          return difference
        }
      }
      return nil
    case (.array(let wanted), .array(let there)):
      return compareLists(wanted, there, path, name)
    case (.null, _):
      // Wanted: absent. There is something.
      return isEmpty(existing) ? nil : place(path)
    case (.number(let left), .number(let right)):
      return left == right || left.double == right.double ? nil : place(path)
    default:
      return desired == existing ? nil : place(path)
    }
  }

  private static func compareLists(
    _ wanted: [JSONValue], _ there: [JSONValue], _ path: String, _ name: String
  ) -> String? {
    guard wanted.count == there.count else { return place(path) }
    let keys = mergeKeys[name] ?? []
    for (index, element) in wanted.enumerated() {
      var partner: JSONValue? = there[index]
      for key in keys where element[key] != nil && partner?[key] != element[key] {
        partner = there.first { $0[key] == element[key] }
      }
      if let difference = compare(element, partner, "\(path)[\(index)]", name: "") { return difference }
    }
    return nil
  }

  private static func isEmpty(_ value: JSONValue) -> Bool {
    switch value {
    case .null: true
    case .string(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    case .object(let object): object.isEmpty
    case .bool, .number: false
    }
  }

  private static func place(_ path: String) -> String { path.isEmpty ? "the whole object" : path }
}
