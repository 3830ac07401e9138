public import Basics
internal import ControllerKit
internal import Formats
public import KubeClient
internal import KubeProtocol

extension KubeResource {
  static let jobs = KubeResource(
    group: "batch", version: "v1", plural: "jobs", kind: "Job", isNamespaced: true)
  static let statefulSets = KubeResource(
    group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet", isNamespaced: true)
  static let persistentVolumeClaims = KubeResource(
    group: "", version: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim",
    isNamespaced: true)
  static let persistentVolumes = KubeResource(
    group: "", version: "v1", plural: "persistentvolumes", kind: "PersistentVolume", isNamespaced: false)
}

/// The controllers of kinds that a user brings beside services: Jobs, StatefulSets, and the claims and
/// volumes that these and services mount.
public enum StatefulControllers {
  /// Works until the task is cancelled. The informers are run by the caller.
  /// - Parameter volumesDirectory: where the folders of claims lie on the node.
  public static func run(
    client: KubeClient, informers: SharedInformers, volumesDirectory: String, clock: any SleepingClock
  ) async {
    let pods = informers.informer(.pods)
    let jobEvents = EventRecorder(client: client, component: "job-controller", clock: clock)
    let setEvents = EventRecorder(client: client, component: "statefulset-controller", clock: clock)
    let claimEvents = EventRecorder(client: client, component: "persistentvolume-controller", clock: clock)

    let jobs = informers.informer(.jobs)
    let jobController = Controller(
      name: "job-controller",
      reconciler: JobReconciler(client: client, jobs: jobs, pods: pods, events: jobEvents, clock: clock),
      clock: clock)
    jobController.watch(jobs)
    jobController.watchOwned(pods, by: .jobs)

    let sets = informers.informer(.statefulSets)
    let claims = informers.informer(.persistentVolumeClaims)
    let revisions = informers.informer(.controllerRevisions)
    let setController = Controller(
      name: "statefulset-controller",
      reconciler: StatefulSetReconciler(
        client: client, sets: sets, pods: pods, claims: claims, revisions: revisions, events: setEvents,
        clock: clock), clock: clock)
    setController.watch(sets)
    setController.watchOwned(pods, by: .statefulSets)
    setController.watchOwned(revisions, by: .statefulSets)

    let volumes = informers.informer(.persistentVolumes)
    let claimController = Controller(
      name: "persistentvolume-controller",
      reconciler: ClaimReconciler(
        client: client, claims: claims, volumes: volumes, events: claimEvents,
        volumesDirectory: volumesDirectory), clock: clock)
    claimController.watch(claims)
    claimController.watch(volumes) { change in
      // A new volume may be what a claim waits for; one that goes belongs to its claim.
      if let claim = ClaimReconciler.claimKey(of: change.object) { return [claim] }
      return claims.list().filter { !ClaimReconciler.isBound($0) }.map(\.key)
    }

    await withDiscardingTaskGroup { group in
      for recorder in [jobEvents, setEvents, claimEvents] { group.addTask { await recorder.run() } }
      for controller in [jobController, setController, claimController] {
        group.addTask { await controller.run() }
      }
    }
  }
}
