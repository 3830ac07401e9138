internal import Formats
internal import KubeProtocol

/// Rules for one container but for its name.
struct ContainerValidation {
  /// The container's path in the object.
  let place: String
  /// The pod's volumes.
  let volumes: Set<String>

  func causes(_ container: JSONValue) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    let image = container["image"]?.string ?? ""
    if image.isEmpty {
      causes.append(.required("\(place).image"))
    } else if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
      causes.append(.invalid("\(place).image", image, "must not have leading or trailing whitespace"))
    }
    causes += PodValidation.supported(
      container, "imagePullPolicy", ["Always", "IfNotPresent", "Never"], at: place)
    causes += PodValidation.supported(
      container, "terminationMessagePolicy", ["FallbackToLogsOnError", "File"], at: place)
    causes += portCauses(container)
    causes += variableCauses(container)
    causes += mountCauses(container)
    if let resources = container["resources"] {
      causes += QuantityValidation.causes(resources: resources, at: "\(place).resources")
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
      if let probe = container[field], probe.object != nil {
        causes += ProbeValidation.causes(probe, field, at: "\(place).\(field)")
      }
    }
    for event in ["postStart", "preStop"] {
      if let handler = container.at("lifecycle", event), handler.object != nil {
        causes += ProbeValidation.handlerCauses(
          handler, ["exec", "httpGet", "tcpSocket", "sleep"], at: "\(place).lifecycle.\(event)")
      }
    }
    return causes
  }

  private func portCauses(_ container: JSONValue) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var names: Set<String> = []
    for (index, port) in (container["ports"]?.array ?? []).enumerated() {
      let path = "\(place).ports[\(index)]"
      if let name = port["name"]?.string, !name.isEmpty {
        let problems = PortSyntax.nameProblems(name)
        causes += problems.map { .invalid("\(path).name", name, $0) }
        if problems.isEmpty && !names.insert(name).inserted {
          causes.append(.duplicate("\(path).name", name))
        }
      }
      let number = port["containerPort"]?.int ?? 0
      if number == 0 {
        causes.append(.required("\(path).containerPort"))
      } else if let problem = PortSyntax.numberProblem(number) {
        causes.append(.invalid("\(path).containerPort", number, problem))
      }
      if let host = port["hostPort"]?.int, host != 0, let problem = PortSyntax.numberProblem(host) {
        causes.append(.invalid("\(path).hostPort", host, problem))
      }
      causes += PodValidation.supported(port, "protocol", ["SCTP", "TCP", "UDP"], at: path)
    }
    return causes
  }

  private func variableCauses(_ container: JSONValue) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for (index, variable) in (container["env"]?.array ?? []).enumerated() {
      let path = "\(place).env[\(index)]"
      let name = variable["name"]?.string ?? ""
      if name.isEmpty {
        causes.append(.required("\(path).name"))
      } else if !name.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }) {
        causes.append(
          .invalid(
            "\(path).name", name,
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
          ))
      }
      guard let source = variable["valueFrom"]?.object else { continue }
      if source.members.isEmpty {
        causes.append(
          .invalid(
            "\(path).valueFrom", "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or"
              + " `fileKeyRef`"))
      } else if !(variable["value"]?.string ?? "").isEmpty {
        causes.append(.invalid("\(path).valueFrom", "", "may not be specified when `value` is not empty"))
      } else if source.members.count > 1 {
        causes.append(
          .invalid("\(path).valueFrom", "", "may not have more than one field specified at a time"))
      }
    }
    return causes
  }

  private func mountCauses(_ container: JSONValue) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var paths: Set<String> = []
    for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
      let place = "\(place).volumeMounts[\(index)]"
      let name = mount["name"]?.string ?? ""
      if name.isEmpty {
        causes.append(.required("\(place).name"))
      } else if !volumes.contains(name) {
        causes.append(.notFound("\(place).name", name))
      }
      let path = mount["mountPath"]?.string ?? ""
      if path.isEmpty {
        causes.append(.required("\(place).mountPath"))
      } else if path.utf8.contains(UInt8(ascii: ":")) {
        causes.append(.invalid("\(place).mountPath", path, "must not contain ':'"))
      } else if path.utf8.first != UInt8(ascii: "/") {
        causes.append(.invalid("\(place).mountPath", path, "must be an absolute path"))
      } else if !paths.insert(path).inserted {
        causes.append(.invalid("\(place).mountPath", path, "must be unique"))
      }
      for field in ["subPath", "subPathExpr"] {
        if let inner = mount[field]?.string { causes += Self.subPathCauses(inner, at: "\(place).\(field)") }
      }
    }
    return causes
  }

  private static func subPathCauses(_ path: String, at field: String) -> [KubeError.Cause] {
    if path.utf8.first == UInt8(ascii: "/") { return [.invalid(field, path, "must be a relative path")] }
    if path.split(separator: "/").contains("..") { return [.invalid(field, path, "must not contain '..'")] }
    return []
  }
}
