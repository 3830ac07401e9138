internal import AdmissionWebhook
internal import Formats
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

/// What `apus webhook` needs on a cluster: an account with its rights, the Service and the Deployment.
struct WebhookManifests {
  let image: String

  private static let name = "kserve-webhook-server"
  private static let namespace = ServingPlatform.namespace
  private static let labels: JSONValue = ["app.kubernetes.io/name": "kserve-webhook-server"]

  func objects() -> [KubeObject] {
    [
      Self.object("v1", "ServiceAccount"),
      Self.object(
        "rbac.authorization.k8s.io/v1", "ClusterRole", isNamespaced: false, ["rules": Self.clusterRules]),
      Self.binding("ClusterRole", isNamespaced: false),
      Self.object("rbac.authorization.k8s.io/v1", "Role", ["rules": Self.secretRules]),
      Self.binding("Role", isNamespaced: true),
      service, deployment,
    ]
  }

  // MARK: rights

  private static var clusterRules: JSONValue {
    let serving = ServingAdmission.peerResources.map { JSONValue.string($0.plural) }
    return [
      ["apiGroups": ["serving.kserve.io"], "resources": .array(serving), "verbs": ["get", "list", "watch"]],
      [
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        "verbs": ["get", "create", "update"],
      ],
      [
        "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
        "resourceNames": .array(
          LLMServiceConversion.resources.map { .string("\($0.plural).\($0.group)") }),
        "verbs": ["get", "update"],
      ],
    ]
  }

  private static var secretRules: JSONValue {
    [
      ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "update"]],
      ["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]],
    ]
  }

  private static func binding(_ role: String, isNamespaced: Bool) -> KubeObject {
    object(
      "rbac.authorization.k8s.io/v1", "\(role)Binding", isNamespaced: isNamespaced,
      [
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": .string(role), "name": .string(name)],
        "subjects": [
          ["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)]
        ],
      ])
  }

  // MARK: the server

  private var service: KubeObject {
    var service = Self.object(
      "v1", "Service",
      [
        "spec": [
          "selector": Self.labels, "ports": [["name": "https", "port": 443, "targetPort": "webhook-server"]],
        ]
      ])
    service.name = WebhookAddress.serviceName
    return service
  }

  private var deployment: KubeObject {
    func probe(_ path: String) -> JSONValue { ["httpGet": ["path": .string(path), "port": "health"]] }
    let container: JSONValue = [
      "name": "webhook", "image": .string(image), "command": ["apus", "webhook"],
      "env": [
        ["name": "POD_NAMESPACE", "valueFrom": ["fieldRef": ["fieldPath": "metadata.namespace"]]]
      ],
      "ports": [
        ["name": "webhook-server", "containerPort": 9443], ["name": "health", "containerPort": 8081],
      ],
      "livenessProbe": probe("/healthz"), "readinessProbe": probe("/readyz"),
      "resources": ["requests": ["cpu": "10m", "memory": "64Mi"], "limits": ["memory": "256Mi"]],
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": ["drop": ["ALL"]],
      ],
    ]
    return Self.object(
      "apps/v1", "Deployment",
      [
        "spec": [
          "replicas": 2, "selector": ["matchLabels": Self.labels],
          "template": [
            "metadata": ["labels": Self.labels],
            "spec": [
              "serviceAccountName": .string(Self.name), "containers": [container],
              "securityContext": [
                "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": ["type": "RuntimeDefault"],
              ],
            ],
          ],
        ]
      ])
  }

  private static func object(
    _ apiVersion: String, _ kind: String, isNamespaced: Bool = true, _ members: JSONValue = [:]
  ) -> KubeObject {
    var object = KubeObject(
      json: [
        "apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": ["name": .string(name)],
      ])
    if isNamespaced { object.namespace = namespace }
    object.labels = KubeObject.stringMap(labels)
    for (key, value) in members.object ?? [:] { object[key] = value }
    return object
  }
}
