internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The objects that a list or watch asks for: label and field selectors, and the name in the path.
struct Selection: Sendable {
  private let labels: LabelSelector
  private let fields: FieldSelector
  private let paths: [String: [String]]

  init(_ target: ResourceRequest) throws(KubeError) {
    let request = target.request
    do {
      labels = try LabelSelector(query: request.queryValue("labelSelector") ?? "")
    } catch {
      throw KubeError(.badRequest, "unable to parse requirement: \(error.message)")
    }
    var fields: FieldSelector
    do {
      fields = try FieldSelector(query: request.queryValue("fieldSelector") ?? "")
    } catch {
      throw KubeError(.badRequest, error.message)
    }
    paths = Self.commonPaths.merging(target.definition.strategy.fieldLabels) { $1 }
    if let unknown = fields.requirements.first(where: { [paths] in paths[$0.field] == nil }) {
      let resource = target.resource
      throw KubeError(
        .badRequest,
        "Unable to find \"\(resource.apiVersion), Resource=\(resource.plural)\" that match label selector"
          + " \"\(request.queryValue("labelSelector") ?? "")\", field selector"
          + " \"\(request.queryValue("fieldSelector") ?? "")\": field label not supported: \(unknown.field)")
    }
    if !target.name.isEmpty {
      fields = FieldSelector(
        requirements: fields.requirements + [.init(field: "metadata.name", value: target.name)])
    }
    self.fields = fields
  }

  private static let commonPaths: [String: [String]] = [
    "metadata.name": ["metadata", "name"], "metadata.namespace": ["metadata", "namespace"],
  ]

  var selectsAll: Bool { labels.isEmpty && fields.isEmpty }

  func matches(_ object: KubeObject) -> Bool {
    if !labels.isEmpty && !labels.matches(object) { return false }
    return fields.isEmpty || fields.matches { field in text(object.json.at(path: paths[field] ?? [])) }
  }

  private func text(_ value: JSONValue?) -> String {
    switch value {
    case .string(let text)?: text
    case .bool(let value)?: value ? "true" : "false"
    case .number(let number)?: number.text
    default: ""
    }
  }
}
