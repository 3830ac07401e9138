internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The API objects that tell the endpoints.
extension ServiceEndpoints {
  static let serviceNameLabel = "kubernetes.io/service-name"
  static let sliceManagerLabel = "endpointslice.kubernetes.io/managed-by"
  static let sliceManager = "endpointslice-controller.k8s.io"
  static let managerLabel = "endpoints.kubernetes.io/managed-by"
  static let manager = "endpoint-controller"
  private static let headlessLabel = "service.kubernetes.io/headless"
  private static let addressesPerSlice = 1000

  private var isHeadless: Bool { service.spec?["clusterIP"]?.string == "None" }

  private func labels(_ added: [String: String]) -> [String: String] {
    var labels = service.labels.merging(added) { $1 }
    if isHeadless { labels[Self.headlessLabel] = "" }
    return labels
  }

  /// The Endpoints object, of the Service's name. Pods that are going away are not in it, unless the Service
  /// publishes what is not ready.
  func makeEndpoints() -> KubeObject {
    var object = KubeObject(.endpoints, namespace: service.namespace, name: service.name)
    object.labels = labels([Self.managerLabel: Self.manager])
    let publishesAll = service.spec?["publishNotReadyAddresses"]?.bool ?? false
    var subsets: [JSONValue] = []
    for group in groups {
      let listed = group.addresses.filter { !$0.isTerminating || publishesAll }.prefix(Self.addressesPerSlice)
      if listed.isEmpty { continue }
      var subset: JSONValue = [:]
      let ready = listed.filter(\.isReady).map(Self.addressJSON)
      let notReady = listed.filter { !$0.isReady }.map(Self.addressJSON)
      if !ready.isEmpty { subset["addresses"] = .array(ready) }
      if !notReady.isEmpty { subset["notReadyAddresses"] = .array(notReady) }
      if !group.ports.isEmpty {
        subset["ports"] = .array(group.ports.map { Self.portJSON($0, withEmptyName: false) })
      }
      subsets.append(subset)
    }
    object["subsets"] = .array(subsets)
    return object
  }

  /// The slices: one per set of ports, split where there are too many addresses; an empty one where there are
  /// no pods.
  func makeSlices() -> [KubeObject] {
    var parts: [(ports: [Port], addresses: [Address])] = []
    for group in groups {
      for start in stride(from: 0, to: group.addresses.count, by: Self.addressesPerSlice) {
        let end = min(start + Self.addressesPerSlice, group.addresses.count)
        parts.append((group.ports, Array(group.addresses[start..<end])))
      }
    }
    if parts.isEmpty { parts.append(([], [])) }
    return parts.enumerated().map { makeSlice($0.offset, $0.element.ports, $0.element.addresses) }
  }

  private func makeSlice(_ index: Int, _ ports: [Port], _ addresses: [Address]) -> KubeObject {
    // The same name each time, so that a copy that is behind cannot lead to a second slice.
    let suffix = StableHash.name(.string(service.uid), seed: "\(index)", length: 5)
    var slice = KubeObject(
      .endpointSlices, namespace: service.namespace, name: "\(service.name.prefix(240))-\(suffix)")
    slice.labels = labels([Self.serviceNameLabel: service.name, Self.sliceManagerLabel: Self.sliceManager])
    slice.ownerReferences = [OwnerReference(controller: service)]
    let isV6 = addresses.first?.address.contains(":") ?? false
    slice["addressType"] = .string(isV6 ? "IPv6" : "IPv4")
    slice["endpoints"] = .array(addresses.map(Self.endpointJSON))
    slice["ports"] = .array(ports.map { Self.portJSON($0, withEmptyName: true) })
    return slice
  }

  private static func addressJSON(_ address: Address) -> JSONValue {
    var json: JSONValue = ["ip": .string(address.address)]
    if !address.hostname.isEmpty { json["hostname"] = .string(address.hostname) }
    if !address.nodeName.isEmpty { json["nodeName"] = .string(address.nodeName) }
    json["targetRef"] = address.targetReference
    return json
  }

  private static func endpointJSON(_ address: Address) -> JSONValue {
    var json: JSONValue = [
      "addresses": [.string(address.address)],
      "conditions": [
        "ready": .bool(address.isReady), "serving": .bool(address.isServing),
        "terminating": .bool(address.isTerminating),
      ],
    ]
    if !address.hostname.isEmpty { json["hostname"] = .string(address.hostname) }
    if !address.nodeName.isEmpty { json["nodeName"] = .string(address.nodeName) }
    json["targetRef"] = address.targetReference
    return json
  }

  private static func portJSON(_ port: Port, withEmptyName: Bool) -> JSONValue {
    var json: JSONValue = [:]
    if withEmptyName || !port.name.isEmpty { json["name"] = .string(port.name) }
    json["port"] = .int(port.number)
    json["protocol"] = .string(port.transport)
    if let application = port.application { json["appProtocol"] = .string(application) }
    return json
  }
}
