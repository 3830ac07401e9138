internal import Formats
internal import ServingAPI

/// Fields that are kept as the user wrote them and that this release does not act on: they are told, not
/// passed over.
enum UnusedFields {
  /// Paths of such fields, in a fixed order.
  static func paths(_ service: InferenceService) -> [String] {
    var found: [String] = []
    for component in service.components {
      let path = "spec.\(component.kind.rawValue)"
      // Model servers copy and join requests themselves; what runs in the user's own container does not.
      if component.kind != .predictor || service.predictor.model == nil {
        if component.spec.logger != nil { found.append("\(path).logger") }
        if component.spec.batcher != nil { found.append("\(path).batcher") }
      } else if component.spec.logger?.storage != nil {
        found.append("\(path).logger.storage")
      }
    }
    if service.predictor.model?.confidential?.isEnabled == true {
      found.append("spec.predictor.model.confidential")
    }
    if service.predictor.model?.storage?.schemaPath != nil {
      found.append("spec.predictor.model.storage.schemaPath")
    }
    return found
  }

  /// One sentence; nil where every field is used.
  static func message(_ service: InferenceService) -> String? {
    let paths = paths(service)
    guard !paths.isEmpty else { return nil }
    return "stored, but not acted on by this release: \(paths.joined(separator: ", "))"
  }
}
