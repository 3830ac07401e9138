internal import Formats
internal import ServingAPI

/// What the pod of a multi-model predictor has beside its server: the list of models, a folder for them, and
/// the agent that fetches and loads them; pure.
enum MultiModelPod {
  static let listVolume = "model-config"
  static let listPath = "/mnt/configs"
  static let modelVolume = "model-dir"
  static let agentContainer = "agent"
  static let agentPort: Int64 = 9081

  /// Leaves pods of other predictors as they are.
  static func complete(
    _ pod: inout JSONValue, service: InferenceService, configuration: InferenceServiceConfig,
    credentials: any CredentialInjector
  ) {
    guard service.predictor.isMultiModel, var containers = pod["containers"]?.array,
      let position = containers.firstIndex(where: { $0["name"]?.string == ServingPod.modelContainer })
    else { return }
    var volumes = pod["volumes"]?.array ?? []
    volumes.append([
      "name": .string(listVolume),
      "configMap": ["name": .string(ModelList.configMapName(service: service.name))],
    ])
    volumes.append(["name": .string(modelVolume), "emptyDir": [:]])
    let mount: JSONValue = ["name": .string(modelVolume), "mountPath": .string(ServingPod.modelPath)]
    containers[position].appendElement(mount, to: "volumeMounts")
    // An empty folder is to be a repository, not a model that is missing.
    if containers[position].environmentValue("APUS_SERVER_REPOSITORY") == nil {
      containers[position].appendElement(
        ["name": "APUS_SERVER_REPOSITORY", "value": "true"], to: "env")
    }
    if !containers.contains(where: { $0["name"]?.string == agentContainer }) {
      var agent = makeAgent(containers[position], configuration)
      // It fetches what an init container fetches elsewhere.
      credentials.inject(into: &agent, volumes: &volumes, uris: [], service: service)
      CertificateBundle.apply(
        to: &agent, &volumes, namespace: service.namespace, configuration.storageInitializer)
      containers.append(agent)
    }
    pod["volumes"] = .array(volumes)
    pod["containers"] = .array(containers)
  }

  private static func makeAgent(_ server: JSONValue, _ configuration: InferenceServiceConfig) -> JSONValue {
    let port = server["ports"]?[0]?["containerPort"]?.int ?? ServingPod.defaultPort
    var agent: JSONValue = [
      "name": .string(agentContainer), "image": .string(configuration.agent.image),
      "args": [
        "--enable-puller", "--config-dir", .string(listPath), "--model-dir", .string(ServingPod.modelPath),
        "--component-port", .string(String(port)),
      ],
      "resources": configuration.agent.resources.json,
      "volumeMounts": [
        ["name": .string(listVolume), "mountPath": .string(listPath), "readOnly": true],
        ["name": .string(modelVolume), "mountPath": .string(ServingPod.modelPath)],
      ],
    ]
    if let security = server["securityContext"] { agent["securityContext"] = security }
    return agent
  }
}

extension JSONValue {
  /// Puts an element at the end of a list member, which is made where it is missing.
  fileprivate mutating func appendElement(_ element: JSONValue, to list: String) {
    self[list] = .array((self[list]?.array ?? []) + [element])
  }
}
