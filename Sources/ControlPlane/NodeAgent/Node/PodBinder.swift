internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Telemetry

/// The scheduler of a cluster with one node: writes the node's name into pods that have none.
struct PodBinder: Sendable {
  var context: NodeContext

  func bind(_ object: KubeObject) async {
    let name = context.settings.name
    var backoff = Backoff(initial: .milliseconds(20), maximum: .seconds(5))
    while !Task.isCancelled {
      do {
        let path = KubeResource.pods.path(namespace: object.namespace, name: object.name, subresource: "binding")
        let binding: JSONValue = [
          "apiVersion": "v1", "kind": "Binding",
          "metadata": ["name": .string(object.name), "uid": .string(object.uid)],
          "target": ["apiVersion": "v1", "kind": "Node", "name": .string(name)],
        ]
        _ = try await context.client.json(KubeRequest(method: "POST", path: path, body: .json(binding)))
        context.recorder.record(
          object, .normal, reason: "Scheduled", message: "Successfully assigned \(object.key) to \(name)")
        return
      } catch let error as KubeError where error.reason == .notFound || error.reason == .conflict {
        return
      } catch {
        context.log.warning("pod not bound; trying again", ["pod": "\(object.key)", "cause": "\(error)"])
        do { try await context.clock.sleep(for: backoff.next()) } catch { return }
      }
    }
  }
}
