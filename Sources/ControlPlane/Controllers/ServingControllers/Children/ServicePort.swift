internal import Formats
internal import ServingAPI

/// A port of a component's Service.
struct ServicePort: Sendable, Hashable {
  var name: String
  var port: Int64
  var target: Int64

  /// Whether it speaks HTTP/2 without TLS, as gRPC does.
  var isGRPC: Bool { name.contains("grpc") || name.contains("h2c") }

  /// Port 80 leads to the first container port, further ones keep their number.
  static func list(_ template: PodTemplate, serviceName: String) -> [ServicePort] {
    let declared = template.servingContainer["ports"]?.array ?? []
    guard !declared.isEmpty else {
      return [ServicePort(name: String(serviceName.prefix(63)), port: 80, target: ServingPod.defaultPort)]
    }
    return declared.enumerated().map { index, port in
      let number = port["containerPort"]?.int ?? ServingPod.defaultPort
      let given = port["name"]?.string ?? ""
      let name = given.isEmpty ? (index == 0 ? serviceName : "\(serviceName)-\(number)") : given
      return ServicePort(name: String(name.prefix(63)), port: index == 0 ? 80 : number, target: number)
    }
  }

  var json: JSONValue {
    var json: JSONValue = [
      "name": .string(name), "port": .int(port), "targetPort": .int(target), "protocol": "TCP",
    ]
    if isGRPC { json["appProtocol"] = "kubernetes.io/h2c" }
    return json
  }
}
