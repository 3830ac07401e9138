internal import ClassicRuntime
internal import Linux
internal import ModelRuntime
internal import ONNXRuntime
internal import TreesRuntime

// Predicts what a manifest lists, for the programs in `Tests/Exactness`, which compare the results with the
// libraries'. Each line of the manifest names the framework and so the runtime.
guard CommandLine.arguments.count == 2 else {
  StandardStreams.writeError("usage: ExactnessDriver MANIFEST\n")
  ProcessEnvironment.exit(2)
}
do {
  let runtimes: [any ModelRuntime] = [ClassicRuntime(), TreesRuntime(), ONNXRuntime()]
  for job in try PredictionJob.read(manifest: CommandLine.arguments[1]) { try job.run(on: runtimes) }
} catch {
  StandardStreams.writeError("ExactnessDriver: \(error)\n")
  ProcessEnvironment.exit(1)
}
