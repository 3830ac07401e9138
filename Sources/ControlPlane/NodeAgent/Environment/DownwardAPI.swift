internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What a pod may learn about itself by `fieldRef` and `resourceFieldRef`.
struct DownwardAPI: Sendable {
  var pod: PodSpec
  var podAddress: String
  var hostAddress: String
  /// Of the node, where a container has no limit.
  var processors: Int
  var memoryBytes: Int

  /// Nil for paths that the API does not know.
  func field(_ path: String) -> String? {
    let object = pod.object
    switch path {
    case "metadata.name": return object.name
    case "metadata.namespace": return object.namespace
    case "metadata.uid": return object.uid
    case "metadata.labels": return Self.lines(object.labels)
    case "metadata.annotations": return Self.lines(object.annotations)
    case "spec.nodeName": return pod.nodeName
    case "spec.serviceAccountName": return pod.serviceAccountName
    case "status.podIP", "status.podIPs": return podAddress
    case "status.hostIP", "status.hostIPs": return hostAddress
    default: break
    }
    if let key = Self.subscriptKey(path, of: "metadata.labels") { return object.labels[key] ?? "" }
    if let key = Self.subscriptKey(path, of: "metadata.annotations") { return object.annotations[key] ?? "" }
    return nil
  }

  /// The quantity divided by the divisor and rounded up. Limits that are not set are the node's size.
  func resource(_ reference: JSONValue, container: ContainerSpec) -> String? {
    let owner = reference["containerName"]?.string.flatMap(pod.container) ?? container
    guard let name = reference["resource"]?.string else { return nil }
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else { return nil }
    let limit = owner.json.at("resources", "limits", parts[1])
    let given = owner.json.at("resources", parts[0], parts[1]) ?? limit
    let value: Quantity?
    if let given {
      value = Quantity(json: given)
    } else if parts[0] == "limits" {
      switch parts[1] {
      case "cpu": value = Quantity("\(processors)")
      case "memory": value = Quantity("\(memoryBytes)")
      default: value = Quantity("0")
      }
    } else {
      value = Quantity("0")
    }
    let divisor = reference["divisor"].flatMap(Quantity.init(json:)) ?? Quantity("1")
    guard let value, let divisor else { return nil }
    let by = divisor.billionths == 0 ? 1_000_000_000 : divisor.billionths
    guard value.billionths >= 0, by > 0 else { return nil }
    return String(value.billionths / by + (value.billionths % by == 0 ? 0 : 1))
  }

  /// `key="value"` lines, sorted, as upstream writes label and annotation files.
  private static func lines(_ map: [String: String]) -> String {
    map.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSONValue.string($0.value).encodedText)" }
      .joined(separator: "\n")
  }

  private static func subscriptKey(_ path: String, of member: String) -> String? {
    guard path.hasPrefix("\(member)['"), path.hasSuffix("']") else { return nil }
    return String(path.dropFirst(member.count + 2).dropLast(2))
  }
}
