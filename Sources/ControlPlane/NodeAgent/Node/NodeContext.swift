internal import Basics
internal import ControllerKit
internal import KubeClient
internal import Linux
internal import Telemetry

/// What the pods' workers share.
struct NodeContext: Sendable {
  var settings: NodeSettings
  var client: KubeClient
  var recorder: EventRecorder
  var clock: any SleepingClock
  /// Files and program starts.
  var workers: BlockingWorkers
  var memory: MemoryWatcher
  var hub: SupervisorHub
  var addresses: LoopbackAddressPool
  var prober: any NetworkProber
  var probeTimers: ProbeTimers
  var log: Logger
}
