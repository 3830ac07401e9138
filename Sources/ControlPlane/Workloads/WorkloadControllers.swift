public import Basics
internal import ControllerKit
internal import Formats
public import KubeClient
internal import KubeProtocol

/// The controllers that a cluster brings itself and the embedded control plane must: Deployment → ReplicaSet
/// → Pod, the scheduler, and the endpoints of Services.
public enum WorkloadControllers {
  /// Works until the task is cancelled. The informers are run by the caller.
  public static func run(client: KubeClient, informers: SharedInformers, clock: any SleepingClock) async {
    let parts = Parts(client: client, informers: informers, clock: clock)
    let controllers = [
      parts.makeDeploymentController(), parts.makeReplicaSetController(), parts.makeScheduler(),
      parts.makeEndpointsController(),
    ]
    let recorders = [parts.deploymentEvents, parts.replicaSetEvents, parts.schedulerEvents]
    await withDiscardingTaskGroup { group in
      for recorder in recorders { group.addTask { await recorder.run() } }
      for controller in controllers { group.addTask { await controller.run() } }
    }
  }

  /// What the controllers share.
  private struct Parts {
    let client: KubeClient
    let clock: any SleepingClock
    let deployments: Informer
    let replicaSets: Informer
    let pods: Informer
    let nodes: Informer
    let services: Informer
    let endpoints: Informer
    let slices: Informer
    let deploymentEvents: EventRecorder
    let replicaSetEvents: EventRecorder
    let schedulerEvents: EventRecorder

    init(client: KubeClient, informers: SharedInformers, clock: any SleepingClock) {
      self.client = client
      self.clock = clock
      deployments = informers.informer(.deployments)
      replicaSets = informers.informer(.replicaSets)
      pods = informers.informer(.pods)
      nodes = informers.informer(.nodes)
      services = informers.informer(.services)
      endpoints = informers.informer(.endpoints)
      slices = informers.informer(.endpointSlices)
      deploymentEvents = EventRecorder(client: client, component: "deployment-controller", clock: clock)
      replicaSetEvents = EventRecorder(client: client, component: "replicaset-controller", clock: clock)
      schedulerEvents = EventRecorder(client: client, component: "default-scheduler", clock: clock)
      OwnerClaims.addIndex(to: replicaSets)
      OwnerClaims.addIndex(to: pods)
      SchedulerReconciler.addIndices(to: pods)
      EndpointsReconciler.addIndices(pods: pods, services: services, slices: slices)
    }

    func makeDeploymentController() -> Controller {
      let reconciler = DeploymentReconciler(
        client: client, deployments: deployments, replicaSets: replicaSets, pods: pods,
        events: deploymentEvents,
        clock: clock)
      let controller = Controller(
        name: "deployment-controller", reconciler: reconciler, workers: 4, clock: clock)
      controller.watch(deployments)
      controller.watch(replicaSets) { [deployments] change in
        Controller.ownerKeys(change, .deployments) + adopters(of: change, in: deployments)
      }
      // Recreate goes on when the last old pod is gone, which no ReplicaSet's status tells.
      controller.watch(pods) { [replicaSets] change in
        guard change.isDeletion, let owner = change.object.controllerReference, owner.kind == "ReplicaSet",
          let set = replicaSets.get(namespace: change.object.namespace, name: owner.name)
        else { return [] }
        return Controller.ownerKeys(.added(set), .deployments)
      }
      return controller
    }

    func makeReplicaSetController() -> Controller {
      let reconciler = ReplicaSetReconciler(
        client: client, replicaSets: replicaSets, pods: pods, events: replicaSetEvents, clock: clock)
      let controller = Controller(
        name: "replicaset-controller", reconciler: reconciler, workers: 4, clock: clock)
      controller.watch(replicaSets)
      controller.watch(pods) { [replicaSets] change in
        Controller.ownerKeys(change, .replicaSets) + adopters(of: change, in: replicaSets)
      }
      return controller
    }

    func makeScheduler() -> Controller {
      let reconciler = SchedulerReconciler(
        client: client, pods: pods, nodes: nodes, events: schedulerEvents, clock: clock)
      // One worker: each choice sees the one before.
      let controller = Controller(name: "default-scheduler", reconciler: reconciler, workers: 1, clock: clock)
      controller.watch(pods) { [pods] change in
        // A pod that is gone makes room for those that wait.
        if change.isDeletion || PodState(change.object).isTerminal { return waitingKeys(pods) }
        return SchedulerReconciler.isWaiting(change.object) ? [change.object.key] : []
      }
      controller.watch(nodes) { [pods] change in
        if case .updated(let old, let new) = change, isSameToScheduler(old, new) { return [] }
        return waitingKeys(pods)
      }
      return controller
    }

    func makeEndpointsController() -> Controller {
      let reconciler = EndpointsReconciler(
        client: client, services: services, pods: pods, endpoints: endpoints, slices: slices)
      let controller = Controller(
        name: "endpoints-controller", reconciler: reconciler, workers: 2, clock: clock)
      controller.watch(services)
      controller.watch(endpoints)
      controller.watch(slices) { change in
        EndpointsReconciler.serviceKey(ofSlice: change.object).map { [$0] } ?? []
      }
      controller.watch(pods) { [services] change in
        EndpointsReconciler.serviceKeys(change, services: services)
      }
      return controller
    }

    private func isSameToScheduler(_ left: KubeObject, _ right: KubeObject) -> Bool {
      // Heartbeats change times only.
      Conditions.isTrue(left.status?["conditions"], "Ready")
        == Conditions.isTrue(right.status?["conditions"], "Ready")
        && left.spec == right.spec && left.metadata["labels"] == right.metadata["labels"]
        && left.status?["allocatable"] == right.status?["allocatable"]
    }
  }

  private static func waitingKeys(_ pods: Informer) -> [ObjectKey] {
    pods.byIndex(SchedulerReconciler.unscheduledIndex, "").map(\.key)
  }

  /// The possible owners, by selector, of an object that has no controller.
  private static func adopters(of change: InformerChange, in owners: Informer) -> [ObjectKey] {
    guard !change.isDeletion, change.object.controllerReference == nil else { return [] }
    return owners.list(namespace: change.object.namespace).filter { owner in
      // An owner with a selector that is no selector says so itself when it is reconciled.
      guard let selector = try? ReplicaSetSpec.selector(of: owner), !selector.isEmpty else { return false }
      return selector.matches(change.object)
    }
    .map(\.key)
  }
}
