/// `{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}`: how a service's host name is made.
public struct DomainTemplate: Sendable, Hashable {
  public static let standard = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"

  public let text: String

  public init(_ text: String) { self.text = text }

  /// A fully qualified host name, or why there is none.
  public func render(
    name: String, namespace: String, domain: String, annotations: [String: String], labels: [String: String]
  ) throws(PlaceholderTemplate.Failure) -> String {
    let host = try expand(
      .init(
        fields: ["Name": name, "Namespace": namespace, "IngressDomain": domain],
        maps: ["Annotations": annotations, "Labels": labels]))
    if let problem = DNSName.fullyQualifiedProblem(host) {
      throw .init(
        description:
          "invalid domain name \"\(host)\": \(problem); change domainTemplate or ingressDomain in the "
          + "\"ingress\" entry of ConfigMap \(ServingPlatform.namespace)/\(ServingPlatform.configMap), "
          + "or the "
          + "service's name")
    }
    return host
  }

  /// Why no service at all could be rendered; nil where the placeholders are known.
  var problem: PlaceholderTemplate.Failure? {
    let values = PlaceholderTemplate.Values(
      fields: ["Name": "", "Namespace": "", "IngressDomain": ""], maps: ["Annotations": [:], "Labels": [:]])
    do throws(PlaceholderTemplate.Failure) {
      _ = try expand(values)
      return nil
    } catch {
      return error
    }
  }

  private func expand(_ values: PlaceholderTemplate.Values) throws(PlaceholderTemplate.Failure) -> String {
    try PlaceholderTemplate(values).render(text)
  }
}
