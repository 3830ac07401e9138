internal import ClassicRuntime
internal import Lifecycle
internal import Linux
internal import ModelRuntime
internal import ModelServer
internal import ONNXRuntime
internal import PMMLRuntime
internal import PythonRuntime
internal import TreesRuntime

/// `apus server`: one model behind V1 and V2, with the flags of KServe's own servers.
enum ServerCommand {
  /// Whatever this binary can load. Python only runs where `--allow_python` says so.
  private static let runtimes: [any ModelRuntime] = [
    PythonFallback(ClassicRuntime()), TreesRuntime(), ONNXRuntime(), PMMLRuntime(), PythonRuntime(),
  ]

  static let verb = Verb.reporting("server", "serve one model: --model_name N --model_dir DIR") { arguments in
    let flags = try ServerFlags.parse(arguments, variable: ProcessEnvironment.variable)
    let shutdown = try ShutdownSignal()
    let role = ModelServerRole(flags: flags, runtimes: runtimes, version: Program.version)
    return await role.run(until: { _ = await shutdown.wait() })
  }
}
