internal import ClassicRuntime
internal import Linux

// Predicts what a manifest lists, for `Tests/Exactness/exactness.py`, which compares the results with
// scikit-learn's.
guard CommandLine.arguments.count == 2 else {
  StandardStreams.writeError("usage: ExactnessDriver MANIFEST\n")
  ProcessEnvironment.exit(2)
}
do {
  let runtime = ClassicRuntime()
  for job in try PredictionJob.read(manifest: CommandLine.arguments[1]) { try job.run(on: runtime) }
} catch {
  StandardStreams.writeError("ExactnessDriver: \(error)\n")
  ProcessEnvironment.exit(1)
}
