internal import Formats

/// The core Kubernetes types that the serving kinds hold inline, as rows of property name and JSON schema.
/// Deeper types are referred to by their Kubernetes names, so that there is one definition of each.
enum CoreSchemas {
  typealias Property = (name: String, schema: JSONValue)

  /// Properties of core/v1 PodSpec; `containers` is optional here.
  static let podProperties: [Property] = [
    ("volumes", .list(of: "io.k8s.api.core.v1.Volume")),
    ("initContainers", .list(of: "io.k8s.api.core.v1.Container")),
    ("containers", .list(of: "io.k8s.api.core.v1.Container")),
    ("ephemeralContainers", .list(of: "io.k8s.api.core.v1.EphemeralContainer")),
    ("restartPolicy", .text), ("terminationGracePeriodSeconds", .int64), ("activeDeadlineSeconds", .int64),
    ("dnsPolicy", .text), ("nodeSelector", .textMap), ("serviceAccountName", .text),
    ("serviceAccount", .text),
    ("automountServiceAccountToken", .flag), ("nodeName", .text), ("hostNetwork", .flag), ("hostPID", .flag),
    ("hostIPC", .flag), ("shareProcessNamespace", .flag),
    ("securityContext", .definition("io.k8s.api.core.v1.PodSecurityContext")),
    ("imagePullSecrets", .list(of: "io.k8s.api.core.v1.LocalObjectReference")),
    ("hostname", .text), ("subdomain", .text), ("affinity", .definition("io.k8s.api.core.v1.Affinity")),
    ("schedulerName", .text), ("tolerations", .list(of: "io.k8s.api.core.v1.Toleration")),
    ("hostAliases", .list(of: "io.k8s.api.core.v1.HostAlias")), ("priorityClassName", .text),
    ("priority", .int32),
    ("dnsConfig", .definition("io.k8s.api.core.v1.PodDNSConfig")),
    ("readinessGates", .list(of: "io.k8s.api.core.v1.PodReadinessGate")),
    ("runtimeClassName", .text), ("enableServiceLinks", .flag), ("preemptionPolicy", .text),
    ("overhead", .map(of: .quantity)),
    ("topologySpreadConstraints", .list(of: "io.k8s.api.core.v1.TopologySpreadConstraint")),
    ("setHostnameAsFQDN", .flag), ("os", .definition("io.k8s.api.core.v1.PodOS")), ("hostUsers", .flag),
    ("schedulingGates", .list(of: "io.k8s.api.core.v1.PodSchedulingGate")),
    ("resourceClaims", .list(of: "io.k8s.api.core.v1.PodResourceClaim")),
    ("resources", .definition("io.k8s.api.core.v1.ResourceRequirements")), ("hostnameOverride", .text),
  ]

  /// Properties of core/v1 Container; nothing is required here.
  static let containerProperties: [Property] = [
    ("name", .text), ("image", .text), ("command", .texts), ("args", .texts), ("workingDir", .text),
    ("ports", .list(of: "io.k8s.api.core.v1.ContainerPort")),
    ("envFrom", .list(of: "io.k8s.api.core.v1.EnvFromSource")),
    ("env", .list(of: "io.k8s.api.core.v1.EnvVar")),
    ("resources", .definition("io.k8s.api.core.v1.ResourceRequirements")),
    ("resizePolicy", .list(of: "io.k8s.api.core.v1.ContainerResizePolicy")), ("restartPolicy", .text),
    ("restartPolicyRules", .list(of: "io.k8s.api.core.v1.ContainerRestartRule")),
    ("volumeMounts", .list(of: "io.k8s.api.core.v1.VolumeMount")),
    ("volumeDevices", .list(of: "io.k8s.api.core.v1.VolumeDevice")),
    ("livenessProbe", .definition("io.k8s.api.core.v1.Probe")),
    ("readinessProbe", .definition("io.k8s.api.core.v1.Probe")),
    ("startupProbe", .definition("io.k8s.api.core.v1.Probe")),
    ("lifecycle", .definition("io.k8s.api.core.v1.Lifecycle")), ("terminationMessagePath", .text),
    ("terminationMessagePolicy", .text), ("imagePullPolicy", .text),
    ("securityContext", .definition("io.k8s.api.core.v1.SecurityContext")), ("stdin", .flag),
    ("stdinOnce", .flag),
    ("tty", .flag),
  ]

  static let podFields: Set<String> = Set(podProperties.map(\.name))
  static let containerFields: Set<String> = Set(containerProperties.map(\.name))
}

/// Short forms for OpenAPI v3 schemas in manifests.
extension JSONValue {
  static let text: JSONValue = ["type": "string"]
  static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
  static let textMap: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]
  static let flag: JSONValue = ["type": "boolean"]
  static let int32: JSONValue = ["type": "integer", "format": "int32"]
  static let int64: JSONValue = ["type": "integer", "format": "int64"]
  static let quantity: JSONValue = definition("io.k8s.apimachinery.pkg.api.resource.Quantity")
  static let intOrText: JSONValue = ["x-kubernetes-int-or-string": true]

  /// A type of the shared catalog, by name.
  static func definition(_ name: String) -> JSONValue { ["$ref": .string("#/definitions/\(name)")] }
  static func list(of name: String) -> JSONValue { ["type": "array", "items": definition(name)] }
  static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }
  static func map(of value: JSONValue) -> JSONValue { ["type": "object", "additionalProperties": value] }
  static func choice(_ values: [String]) -> JSONValue {
    ["type": "string", "enum": .array(values.map { .string($0) })]
  }

  static func fields(_ properties: [CoreSchemas.Property], required: [String] = []) -> JSONValue {
    var schema: JSONValue = ["type": "object"]
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
    schema["properties"] = .object(JSONObject(properties.map { ($0.name, $0.schema) }))
    return schema
  }

  /// The schema with a sentence for `kubectl explain`.
  func described(_ description: String) -> JSONValue {
    var schema: JSONValue = ["description": .string(description)]
    for member in object?.members ?? [] { schema[member.key] = member.value }
    return schema
  }

  func with(_ key: String, _ value: JSONValue) -> JSONValue {
    var schema = self
    schema[key] = value
    return schema
  }
}
