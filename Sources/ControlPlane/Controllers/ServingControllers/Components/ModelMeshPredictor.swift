internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// A predictor that ModelMesh serves, as transformers are told of it.
struct ModelMeshPredictor: Sendable, Hashable {
  /// With the port, as the URL has it.
  var host: String
  var protocolVersion: String
}

/// What ModelMesh has written into a service's status about its predictor.
enum ModelMeshAddress: Sendable, Hashable {
  /// Nothing yet.
  case missing
  case known(ModelMeshPredictor)
  /// An URL of a scheme that transformers cannot ask by.
  case unsupported(String)

  init(_ service: InferenceService) {
    let url = service.object.json.at("status", "components", "predictor", "url")?.string ?? ""
    guard let separator = url.firstRange(of: "://"), separator.upperBound < url.endIndex else {
      self = url.isEmpty ? .missing : .unsupported(url)
      return
    }
    let scheme = url[..<separator.lowerBound]
    let host = url[separator.upperBound...].prefix { $0 != "/" }
    switch scheme {
    case "grpc": self = .known(ModelMeshPredictor(host: String(host), protocolVersion: "grpc-v2"))
    case "http", "https": self = .known(ModelMeshPredictor(host: String(host), protocolVersion: "v2"))
    default: self = .unsupported(String(scheme))
    }
  }

  var known: ModelMeshPredictor? {
    if case .known(let predictor) = self { return predictor }
    return nil
  }
}
