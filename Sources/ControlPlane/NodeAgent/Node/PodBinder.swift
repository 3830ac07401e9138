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
        let patch: JSONValue = ["metadata": ["uid": .string(object.uid)], "spec": ["nodeName": .string(name)]]
        try await context.client.patch(.pods, namespace: object.namespace, name: object.name, patch)
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
