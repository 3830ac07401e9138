internal import Gateway
internal import ServingAPI
internal import ServingControllers

/// Hands the gateway's load reports to the autoscaler of the same process.
struct InProcessLoadSink: LoadReportSink {
  let autoscaler: RequestAutoscaler

  func receive(_ report: LoadReport) async { autoscaler.receive(report) }
}
