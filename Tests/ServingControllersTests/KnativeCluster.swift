import APIServer
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Synchronization

@testable import ServingControllers

/// Plays Knative: its webhook, which fills in and guards, and its controller, for which every revision works
/// at once.
final class KnativeCluster: Sendable {
  private struct State {
    /// Templates by service, in the order in which they came.
    var templates: [String: [JSONValue]] = [:]
    var isFailing = false
  }

  private let state = Mutex(State())
  private let domain: String

  init(domain: String = "example.com") { self.domain = domain }

  /// From now on no revision works.
  func fail(_ isFailing: Bool = true) { state.withLock { $0.isFailing = isFailing } }

  /// How many revisions a service has had.
  func revisions(of name: String) -> Int { state.withLock { $0.templates[name]?.count ?? 0 } }

  // MARK: webhook

  static let creator = "serving.knative.dev/creator"
  static let updater = "serving.knative.dev/lastModifier"

  var admission: [AdmissionHook] {
    [
      AdmissionHook(
        resource: ForeignKinds.knativeServices,
        mutate: { object, context throws(KubeError) in
          if context.subresource == nil { Self.fillIn(&object, isNew: context.operation == .create) }
        },
        validate: { object, context throws(KubeError) in
          guard let old = context.old, context.operation == .update, context.subresource == nil else {
            return
          }
          for name in [Self.creator, Self.updater] where object.annotations[name] != old.annotations[name] {
            throw KubeError(.invalid, "annotation value is immutable: \(name)")
          }
        })
    ]
  }

  private static func fillIn(_ object: inout KubeObject, isNew: Bool) {
    if isNew {
      object.annotations[creator] = "somebody"
      object.annotations[updater] = "somebody"
      if object.json.at("spec", "template", "spec", "enableServiceLinks") == nil {
        object.json.set(false, at: "spec", "template", "spec", "enableServiceLinks")
      }
    }
    for (field, value) in [("containerConcurrency", 0), ("timeoutSeconds", 300)] as [(String, JSONValue)] {
      if object.json.at("spec", "template", "spec", field) == nil {
        object.json.set(value, at: "spec", "template", "spec", field)
      }
    }
    // Images in a form of its own.
    guard let containers = object.json.at("spec", "template", "spec", "containers")?.array else { return }
    let named = containers.map { container -> JSONValue in
      var container = container
      if let image = container["image"]?.string, !image.hasPrefix("docker.io/") {
        container["image"] = .string("docker.io/\(image)")
      }
      return container
    }
    object.json.set(.array(named), at: "spec", "template", "spec", "containers")
  }

  // MARK: controller

  /// - Returns: whether anything changed.
  func play(_ simulation: Simulation) async throws -> Bool {
    var changed = false
    let services = try await simulation.client.list(ForeignKinds.knativeServices, namespace: "team").items
    for service in services where !service.isBeingDeleted {
      var updated = service
      updated.status = makeStatus(service)
      if let old = service.status,
        StableHash.canonical(old) == StableHash.canonical(updated.status ?? [:])
      {
        continue
      }
      try await simulation.client.updateStatus(ForeignKinds.knativeServices, updated)
      changed = true
    }
    return changed
  }

  private func makeStatus(_ service: KubeObject) -> JSONValue {
    let template = StableHash.canonical(service.spec?["template"] ?? [:])
    let (number, isFailing) = state.withLock { state in
      if state.templates[service.name]?.last != template {
        state.templates[service.name, default: []].append(template)
      }
      return (state.templates[service.name]?.count ?? 0, state.isFailing)
    }
    let latest = "\(service.name)-\(number)"
    let ready = isFailing ? service.status?["latestReadyRevisionName"]?.string : latest
    var status: JSONValue = [
      "observedGeneration": .int(service.generation), "latestCreatedRevisionName": .string(latest),
      "url": .string("http://\(service.name).team.\(domain)"),
      "address": ["url": .string("http://\(service.name).team.svc.cluster.local")],
      "conditions": .array(
        ["ConfigurationsReady", "Ready", "RoutesReady"].map { Self.condition($0, isFailing) }),
    ]
    status["latestReadyRevisionName"] = ready.map { .string($0) }
    status["traffic"] = .array(
      (service.spec?["traffic"]?.array ?? []).map { target in
        var target = target
        if target["latestRevision"]?.bool == true { target["revisionName"] = ready.map { .string($0) } }
        if let tag = target["tag"]?.string {
          target["url"] = .string("http://\(tag)-\(service.name).team.\(domain)")
        }
        return target
      })
    return status
  }

  private static func condition(_ type: String, _ isFailing: Bool) -> JSONValue {
    var condition: JSONValue = ["type": .string(type), "status": isFailing ? "False" : "True"]
    if isFailing {
      condition["reason"] = "RevisionFailed"
      condition["message"] = "it does not start"
    }
    return condition
  }
}
