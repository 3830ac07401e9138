internal import Basics
internal import KubeProtocol
internal import Linux

/// Turns a container's spec into the command that starts it: folders, variables, paths, program. Blocks.
struct ContainerLauncher: Sendable {
  var node: NodeSettings
  var pod: PodSpec
  var podAddress: String
  var references: PodReferences
  var plan: VolumePlan

  private var directory: PodDirectory { PodDirectory(dataDirectory: node.dataDirectory, uid: pod.object.uid) }

  /// Throws `ContainerConfigurationError`, `ProgramResolver.Refusal` or `LinuxError`.
  func makeStart(_ container: ContainerSpec, restart: Int64) throws -> SupervisorCommand.Start {
    let restartNumber = Int(clamping: restart)
    try directory.prepare(container: container.name, restart: restartNumber)
    let context = try makeContext(container)
    let program = try ProgramResolver(images: node.images, ownExecutable: node.ownExecutable).resolve(
      image: container.image, command: container.command.map(context.text),
      arguments: container.arguments.map(context.text), searchPath: context.variables["PATH"] ?? "",
      directory: context.directory)
    return SupervisorCommand.Start(
      name: container.name, path: program.path, arguments: program.arguments,
      environment: environment(context, container, isOwnRole: program.isOwnRole),
      directory: context.directory,
      logFile: directory.log(container.name, restart: restartNumber), reportsReadiness: program.isOwnRole)
  }

  /// A probe's or hook's command, with the container's own variables.
  func makeExecution(
    _ command: [String], in container: ContainerSpec, identifier: String, timeout: Duration
  ) throws -> SupervisorCommand.Execute {
    let context = try makeContext(container)
    let resolver = ProgramResolver(images: ImageTable(), ownExecutable: node.ownExecutable)
    let program = try resolver.resolve(
      image: container.image, command: context.rewriting.command(command), arguments: [],
      searchPath: context.variables["PATH"] ?? "", directory: context.directory)
    let milliseconds = timeout.components.seconds.multipliedReportingOverflow(by: 1000)
    return SupervisorCommand.Execute(
      identifier: identifier, path: program.path, arguments: program.arguments,
      environment: environment(context, container, isOwnRole: program.isOwnRole),
      directory: context.directory,
      timeoutMilliseconds: milliseconds.overflow ? Int64.max : max(1, milliseconds.partialValue))
  }

  // MARK: variables

  /// What texts of a container are resolved against.
  private struct Context {
    var variables: [String: String]
    var userVariables: [(name: String, value: String)]
    var rewriting: PathRewriting
    var directory: String

    /// `$(NAME)` first, then mount paths.
    func text(_ text: String) throws -> String {
      rewriting.rewrite(try VariableExpansion.expand(text, variables))
    }
  }

  private func makeContext(_ container: ContainerSpec) throws -> Context {
    let downward = node.downward(pod, podAddress: podAddress)
    let given = try EnvironmentResolver(downward: downward, references: references).resolve(container)
    let givenValues = Dictionary(given.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let mounts = try directory.mounts(of: container, plan: plan, variables: givenValues)
    for mount in mounts
    where mount.realPath.hasPrefix("\(directory.path)/volumes/") && !Files.exists(mount.realPath) {
      // A subPath of an emptyDir.
      try Files.createDirectories(mount.realPath)
    }
    let parents = MountParents(mounts, view: directory.view(container.name), exists: Files.exists)
    try parents.make()
    let rewriting = PathRewriting(mounts + parents.folders.map { ($0.key, $0.value) })
    let user = given.map { ($0.name, rewriting.rewrite($0.value)) }
    var variables = Dictionary(node.baseVariables, uniquingKeysWith: { $1 })
    for (name, value) in podVariables(container) { variables[name] = value }
    for (name, value) in user { variables[name] = value }
    // The scratch folder of an init container is made here too, when only its probe is asked for.
    let own = directory.container(container.name)
    return Context(
      variables: variables, userVariables: user, rewriting: rewriting,
      directory: container.workingDirectory.map(rewriting.rewrite) ?? own)
  }

  private func podVariables(_ container: ContainerSpec) -> [(String, String)] {
    [
      ("HOSTNAME", pod.hostName), ("POD_IP", podAddress),
      (ContainerEnvironment.containerVariable, container.name),
      (ContainerEnvironment.podVariable, pod.object.uid),
      ("APUS_NAMESPACE", pod.object.namespace), ("APUS_NAMES_FILE", node.namesFile),
      ("APUS_TERMINATION_LOG", directory.terminationLog(container.name)),
    ]
  }

  /// The node's variables, then the container's own, then what must not be changed.
  private func environment(_ context: Context, _ container: ContainerSpec, isOwnRole: Bool) -> [String] {
    var names: [String] = []
    var values: [String: String] = [:]
    func set(_ name: String, _ value: String) {
      if values[name] == nil { names.append(name) }
      values[name] = value
    }
    for (name, value) in node.baseVariables { set(name, value) }
    set("HOSTNAME", pod.hostName)
    for (name, value) in context.userVariables { set(name, value) }
    for (name, value) in podVariables(container) where name != "HOSTNAME" { set(name, value) }
    if isOwnRole {
      set("APUS_READY_FD", "3")
    } else {
      let others = values["LD_PRELOAD"].map { $0.isEmpty ? "" : " \($0)" } ?? ""
      set("LD_PRELOAD", node.preloadLibrary + others)
    }
    return names.compactMap { name in values[name].map { "\(name)=\($0)" } }
  }
}
