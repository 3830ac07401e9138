internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// One version of a component's pods. Its name is made of the template's hash, so that going back to an older
/// template is going back to its revision.
struct Revision: Sendable, Hashable {
  var name: String
  var template: PodTemplate
  /// Counts up with each change of the component.
  var number: Int64 = 0

  private static let hashLength = 8
  private static let longestName = 63

  /// The revision of the template that a component has now.
  init(_ component: Component, _ template: PodTemplate) {
    var bare = template
    bare.labels[Self.label] = nil
    let hash = StableHash.name(bare.json, length: Self.hashLength)
    // Services bear the name too, and theirs are short.
    let room = Self.longestName - Self.hashLength - 1
    var base = component.baseName.prefix(room)
    while base.last == "-" { base = base.dropLast() }
    name = "\(base)-\(hash)"
    self.template = template
    self.template.labels[Self.label] = name
  }

  /// From history; nil for what is not ours.
  init?(_ object: KubeObject) {
    guard let template = PodTemplate(json: object.json.at("data", "template")) else { return nil }
    name = object.name
    self.template = template
    number = object["revision"]?.int ?? 0
  }

  /// On pods: which revision they are of. On Deployments, as an annotation: which one they are to hold.
  static let label = "apus.dev/revision"

  /// `apps/v1 ControllerRevision`: the history that rollbacks read.
  func makeObject(_ component: Component) -> KubeObject {
    var object = KubeObject(.controllerRevisions, namespace: component.service.namespace, name: name)
    object.labels = [
      ServingLabel.inferenceService: component.service.name, ServingLabel.component: component.kind.rawValue,
    ]
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    object["data"] = ["template": template.json]
    object["revision"] = .int(number)
    return object
  }
}
