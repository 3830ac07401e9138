internal import ClassicRuntime
internal import Lifecycle
internal import ModelServer
internal import ONNXRuntime
internal import TreesRuntime

/// `apus server`: one model behind V1 and V2, with the flags of KServe's own servers.
enum ServerCommand {
  static let verb = Verb.reporting("server", "serve one model: --model_name N --model_dir DIR") { arguments in
    let flags = try ServerFlags.parse(arguments)
    let shutdown = try ShutdownSignal()
    let role = ModelServerRole(
      flags: flags, runtimes: [ClassicRuntime(), TreesRuntime(), ONNXRuntime()], version: Program.version)
    return await role.run(until: { _ = await shutdown.wait() })
  }
}
