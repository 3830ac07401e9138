internal import Formats
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

extension KubeResource {
  static let mutatingWebhookConfigurations = admission(
    "mutatingwebhookconfigurations", "MutatingWebhookConfiguration")
  static let validatingWebhookConfigurations = admission(
    "validatingwebhookconfigurations", "ValidatingWebhookConfiguration")

  private static func admission(_ plural: String, _ kind: String) -> KubeResource {
    KubeResource(
      group: "admissionregistration.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: false)
  }
}

/// What tells an API server when to ask the webhook; one object per kind, under upstream's names.
struct WebhookConfigurations {
  let address: WebhookAddress
  let authorityPEM: String

  func make() -> [(resource: KubeResource, object: KubeObject)] {
    let mutating = ServingAdmission.defaultedResources.map {
      (KubeResource.mutatingWebhookConfigurations, make(.mutatingWebhookConfigurations, of: $0))
    }
    return mutating
      + ServingAdmission.resources.map {
        (KubeResource.validatingWebhookConfigurations, make(.validatingWebhookConfigurations, of: $0))
      }
  }

  /// What the definitions of kinds of several versions must say; the rest of them is left alone.
  func makeConversions() -> [KubeObject] {
    LLMServiceConversion.resources.map { resource in
      var definition = KubeObject(.customResourceDefinitions, name: "\(resource.plural).\(resource.group)")
      definition.spec = [
        "conversion": [
          "strategy": "Webhook",
          "webhook": [
            "clientConfig": address.clientConfig(path: "/convert", authorityPEM: authorityPEM),
            "conversionReviewVersions": ["v1", "v1beta1"],
          ],
        ]
      ]
      return definition
    }
  }

  private func make(_ resource: KubeResource, of kind: KubeResource) -> KubeObject {
    let isMutating = resource == .mutatingWebhookConfigurations
    let singular = kind.kind.lowercased()
    var operations: [JSONValue] = ["CREATE", "UPDATE"]
    if !isMutating, ServingAdmission.guardsDeletion(of: kind) { operations.append("DELETE") }
    let group = kind.group.replacing(".", with: "-")
    let path = "/\(isMutating ? "mutate" : "validate")-\(group)-\(kind.version)-\(singular)"
    // Everything that a server would fill in is said, so that what is read equals what is wanted.
    var webhook: JSONValue = [
      "name": .string("\(singular).kserve-webhook-server.\(isMutating ? "defaulter" : "validator")"),
      "clientConfig": address.clientConfig(path: path, authorityPEM: authorityPEM),
      "rules": [
        [
          "apiGroups": [.string(kind.group)], "apiVersions": [.string(kind.version)],
          "operations": .array(operations), "resources": [.string(kind.plural)], "scope": "*",
        ]
      ],
      "admissionReviewVersions": ["v1", "v1beta1"], "failurePolicy": "Fail", "matchPolicy": "Equivalent",
      "namespaceSelector": [:], "objectSelector": [:], "sideEffects": "None", "timeoutSeconds": 10,
    ]
    if isMutating { webhook["reinvocationPolicy"] = "Never" }
    var object = KubeObject(resource, name: "\(singular).\(kind.group)")
    object["webhooks"] = [webhook]
    return object
  }
}
