internal import Basics
internal import ControllerKit
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// The controller of TrainedModels, wired.
struct TrainedModelController: Sendable {
  private let controller: Controller

  /// Asks `informers` for what it needs; somebody else runs them.
  init(
    client: KubeClient, informers: SharedInformers, events: EventRecorder, clock: any SleepingClock
  ) {
    let caches = TrainedModelCaches(informers)
    controller = Controller(
      name: "trainedmodel",
      reconciler: TrainedModelReconciler(
        client: client, caches: caches, events: events, clock: clock, writer: ObjectWriter(client)),
      clock: clock)
    controller.watch(caches.services)
    controller.watch(caches.trainedModels) { change in
      // A model that changes its parent leaves the old one's list.
      [change.old, change.object].compactMap { $0 }.map(TrainedModelCaches.parentKey)
    }
    controller.watchOwned(caches.configMaps, by: .inferenceServices)
  }

  /// Works until the task is cancelled.
  func run() async { await controller.run() }
}
