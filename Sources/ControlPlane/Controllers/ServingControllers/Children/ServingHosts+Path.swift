internal import ServingAPI

extension ServingHosts {
  /// Where the configuration has `pathTemplate`: the path of the common domain below which a service is, with
  /// a slash before it and none after; nil else.
  static func path(
    _ service: InferenceService, _ configuration: InferenceServiceConfig
  ) throws(PlaceholderTemplate.Failure) -> String? {
    guard !configuration.ingress.pathTemplate.isEmpty else { return nil }
    let template = PlaceholderTemplate(
      .init(
        fields: ["Name": service.name, "Namespace": service.namespace],
        maps: ["Labels": service.labels, "Annotations": service.annotations]))
    var path = try template.render(configuration.ingress.pathTemplate)
    while path.hasSuffix("/") { path.removeLast() }
    return path.hasPrefix("/") ? path : "/" + path
  }
}
