public import Basics
internal import ControllerKit
public import KubeClient
internal import KubeProtocol
public import ServingAPI

/// The controller that scales components by their requests: takes load reports, writes scales.
public final class RequestAutoscaler: Sendable {
  private let controller: Controller
  private let events: EventRecorder
  private let book = LoadBook()
  private let clock: any SleepingClock
  private let calls: ComponentCalls

  /// Asks `informers` for what it needs; somebody else runs them.
  /// - Parameter configuration: kept up to date by somebody else.
  public init(
    client: KubeClient, informers: SharedInformers, configuration: ServingConfiguration,
    clock: any SleepingClock
  ) {
    self.clock = clock
    let deployments = informers.informer(.deployments)
    let services = informers.informer(.inferenceServices)
    let calls = ComponentCalls(deployments: deployments)
    self.calls = calls
    events = EventRecorder(client: client, component: "autoscaler", clock: clock)
    let reconciler = RequestScalingReconciler(
      client: client, deployments: deployments, services: services, configuration: configuration,
      events: events, clock: clock, book: book, calls: calls)
    controller = Controller(name: "autoscaler", reconciler: reconciler, clock: clock)
    controller.watch(deployments) { change in
      // What calls a predictor keeps it awake.
      [change.object.key] + calls.called(by: change.object).map(\.key)
    }
    controller.watch(services) { change in
      // A change of the spec may be one of the policy; its Deployments are few.
      if let old = change.old, !change.isDeletion, old.generation == change.object.generation,
        old.annotations == change.object.annotations
      {
        return []
      }
      return deployments.owned(by: change.object.uid).map(\.key)
    }
  }

  /// Takes the report of a gateway; its workloads are looked at at once.
  public func receive(_ report: LoadReport) {
    let extended = calls.extended(report)
    for key in book.record(extended, now: clock.monotonicNow()) { controller.enqueue(key) }
  }

  /// Works until the task is cancelled.
  public func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.events.run() }
      group.addTask { await self.controller.run() }
    }
  }
}
