internal import ControllerKit
internal import KubeClient
internal import KubeProtocol

/// Makes and deletes the pods of an owner. Each write is kept in mind until the copy shows it, and told as an
/// event of the owner, in upstream's words.
struct PodWrites {
  let client: KubeClient
  let pods: Informer
  let tracker: WriteTracker
  let events: EventRecorder

  func create(_ pod: KubeObject, of owner: KubeObject) async throws {
    do {
      let made = try await client.create(.pods, pod)
      tracker.wrote(owner.key, made, in: pods)
      events.record(
        owner, .normal, reason: "SuccessfulCreate",
        message: inOrder(owner, "create", made.name, "successful") ?? "Created pod: \(made.name)")
    } catch let error as KubeError {
      // A namespace that is going away takes its pods with it; that is no news.
      if error.causes.contains(where: { $0.reason == "NamespaceTerminating" }) { return }
      events.record(
        owner, .warning, reason: "FailedCreate",
        message: inOrder(owner, "create", pod.name, "failed error: \(error.message)")
          ?? "Error creating: \(error.message)")
      throw error
    }
  }

  func delete(_ pod: KubeObject, of owner: KubeObject) async throws {
    tracker.willDelete(owner.key, uid: pod.uid)
    do {
      try await client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid)
      events.record(
        owner, .normal, reason: "SuccessfulDelete",
        message: inOrder(owner, "delete", pod.name, "successful") ?? "Deleted pod: \(pod.name)")
    } catch let error as KubeError where error.reason == .notFound {
      return
    } catch {
      tracker.failedToDelete(owner.key, uid: pod.uid)
      events.record(
        owner, .warning, reason: "FailedDelete",
        message: inOrder(owner, "delete", pod.name, "failed error: \(error)")
          ?? "Error deleting pod \(pod.name): \(error)")
      throw error
    }
  }

  /// What is said of pods that come and go one after the other; nil of other owners' pods.
  private func inOrder(_ owner: KubeObject, _ verb: String, _ pod: String, _ outcome: String) -> String? {
    owner.kind == "StatefulSet" ? "\(verb) Pod \(pod) in StatefulSet \(owner.name) \(outcome)" : nil
  }
}
