internal import Basics
internal import ClassicRuntime
internal import Linux
internal import ModelRuntime
internal import TreesRuntime

// Times predictions in process, for `Benchmarks/trees.py`, which times the libraries with the same rows in
// the same order. Prints nanoseconds per row: one row per call, then all rows in one call; each the median of
// five passes.
guard CommandLine.arguments.count == 5, let columns = Int(CommandLine.arguments[4]) else {
  StandardStreams.writeError("usage: TreeBenchmark FRAMEWORK MODEL ROWS COLUMNS\n")
  ProcessEnvironment.exit(2)
}
do {
  let framework = CommandLine.arguments[1]
  let runtimes: [any ModelRuntime] = [ClassicRuntime(), TreesRuntime()]
  guard let runtime = runtimes.first(where: { $0.frameworks.contains(framework) }) else {
    throw PredictionTiming.Unfit(reason: "no runtime for \(framework)")
  }
  let start = MonotonicClock.nanoseconds
  let model = try runtime.load(path: CommandLine.arguments[2], options: LoadOptions())
  let loaded = Double(MonotonicClock.nanoseconds - start) / 1e6
  // LightGBM takes rows of doubles, the others calculate with floats.
  let timing = try PredictionTiming.measure(
    model, rows: try Files.read(CommandLine.arguments[3], limit: 1 << 32), isFloat64: framework == "lightgbm",
    columns: columns)
  StandardStreams.write(
    "{\"single\": \(timing.single), \"batch\": \(timing.batch), \"sum\": \(timing.sum), "
      + "\"load_ms\": \(loaded)}\n")
} catch {
  StandardStreams.writeError("TreeBenchmark: \(error)\n")
  ProcessEnvironment.exit(1)
}
