internal import Formats
internal import KubeProtocol

/// Events: what `kubectl describe` and `kubectl get events` select by.
enum EventStrategy {
  static let strategy = ResourceStrategy(
    fieldLabels: [
      "involvedObject.kind": ["involvedObject", "kind"],
      "involvedObject.namespace": ["involvedObject", "namespace"],
      "involvedObject.name": ["involvedObject", "name"], "involvedObject.uid": ["involvedObject", "uid"],
      "involvedObject.apiVersion": ["involvedObject", "apiVersion"],
      "involvedObject.resourceVersion": ["involvedObject", "resourceVersion"],
      "involvedObject.fieldPath": ["involvedObject", "fieldPath"], "reason": ["reason"],
      "reportingComponent": ["reportingComponent"], "source": ["source", "component"], "type": ["type"],
    ])
}
