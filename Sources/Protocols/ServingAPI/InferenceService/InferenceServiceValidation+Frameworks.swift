internal import Formats
internal import KubeProtocol

/// What upstream checks for single frameworks. A framework field becomes `model` when the service is made,
/// so these rules meet services of ModelMesh only.
extension InferenceServiceValidation {
  private static let storageTypes: [String] = ["s3://", "hdfs://", "webhdfs://"]
  private static let frameworksWithStorageTypes: Set<String> = [
    "tensorflow", "pytorch", "onnx", "huggingface", "pmml",
  ]

  mutating func checkFramework(_ path: String, _ framework: String, _ model: ModelSpec) {
    switch framework {
    case "pytorch": checkGPUVersion(path, model, title: "PyTorch", end: ". ")
    case "tensorflow": checkGPUVersion(path, model, title: "Tensorflow", end: "")
    case "onnx": checkExtension(path, model)
    default: break
    }
    guard Self.frameworksWithStorageTypes.contains(framework), let storage = model.storage else { return }
    let list = Self.storageTypes.joined(separator: ", ")
    if let uri = model.storageURI {
      if !Self.storageTypes.contains(where: { uri.hasPrefix($0) }) {
        add(
          "\(path).storageUri",
          "storageUri, must be one of: [\(list)] or match https://{}.blob.core.windows.net/{}/{} or be an "
            + "absolute or relative local path. StorageUri [\(uri)] is not supported")
      }
    } else if let type = storage.type, !Self.storageTypes.contains("\(type)://") {
      add(
        "\(path).storage.parameters[type]",
        "storage.spec.type, must be one of: [\(list)]. storage.spec.type [\(type)] is not supported")
    }
  }

  private mutating func checkGPUVersion(_ path: String, _ model: ModelSpec, title: String, end: String) {
    guard let version = model.runtimeVersion else { return }
    let isRequested = GPUResources.isRequested(by: model.json)
    if isRequested && !version.contains("-gpu") {
      add(
        "\(path).runtimeVersion",
        "\(title) RuntimeVersion is not GPU enabled but GPU resources are requested\(end)")
    } else if !isRequested && version.contains("-gpu") {
      add(
        "\(path).runtimeVersion",
        "\(title) RuntimeVersion is GPU enabled but GPU resources are not requested\(end)")
    }
  }

  private mutating func checkExtension(_ path: String, _ model: ModelSpec) {
    guard let file = model.storageURI?.split(separator: "/").last, let dot = file.lastIndex(of: ".") else {
      return
    }
    if file[dot...] != ".onnx" {
      add("\(path).storageUri", "expected storageUri file extension: '.onnx' but got '\(file[dot...])'")
    }
  }
}
