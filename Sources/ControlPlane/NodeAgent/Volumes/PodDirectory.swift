internal import Basics
internal import Formats
internal import Linux

/// One pod's folder on the disk: `<data>/pods/<uid>/` with `volumes/<name>`, `containers/<name>` and, per
/// container, its logs. All verbs block.
struct PodDirectory: Sendable, Hashable {
  /// Absolute.
  let path: String

  init(dataDirectory: String, uid: String) { path = "\(Self.parent(dataDirectory))/\(uid)" }

  static func parent(_ dataDirectory: String) -> String { "\(dataDirectory)/pods" }

  func volume(_ name: String) -> String { "\(path)/volumes/\(name)" }
  /// The container's own folder: its working directory where the spec names none.
  func container(_ name: String) -> String { "\(path)/containers/\(name)" }
  /// Where folders are that only the container's own mounts make exist.
  func view(_ container: String) -> String { "\(path)/views/\(container)" }
  func terminationLog(_ container: String) -> String { "\(path)/termination/\(container)" }
  func logFolder(_ container: String) -> String { "\(path)/\(container)" }
  /// - Parameter restart: how often the container had been restarted when this run began.
  func log(_ container: String, restart: Int) -> String { "\(logFolder(container))/\(restart).log" }

  var exists: Bool { Files.exists(path) }
  func remove() throws(LinuxError) { try Files.removeTree(path) }

  /// Makes the folder of one container and empties its termination log; older logs than the previous run's
  /// go.
  func prepare(container name: String, restart: Int) throws(LinuxError) {
    try Files.createDirectories(container(name))
    try Files.createDirectories("\(path)/termination")
    try Files.createDirectories(logFolder(name))
    _ = try Files.open(terminationLog(name), .write, permissions: 0o666)
    for file in try Files.list(logFolder(name)) {
      guard let number = file.split(separator: ".").first.flatMap({ Int($0) }), number < restart - 1 else {
        continue
      }
      try Files.removeFile("\(logFolder(name))/\(file)")
    }
  }

  /// Brings the volumes to what the plan says. Files of an earlier run are replaced, emptyDirs are kept.
  func prepare(_ plan: VolumePlan) throws {
    try Files.createDirectories("\(path)/volumes", permissions: 0o755)
    for (name, content) in plan.contents.sorted(by: { $0.key < $1.key }) {
      switch content {
      case .empty: try Files.createDirectories(volume(name), permissions: 0o777)
      case .files(let files):
        try Files.removeTree(volume(name))
        try Files.createDirectories(volume(name))
        for file in files {
          let target = "\(volume(name))/\(file.path)"
          if let slash = target.lastIndex(of: "/") { try Files.createDirectories(String(target[..<slash])) }
          // Made by this process, with nobody in between: no need to sync what is written anew at each start.
          let opened = try Files.open(target, .write, permissions: file.mode)
          try opened.writeAll(file.bytes)
        }
      case .host(let host, let createDirectory, let mustExist):
        if createDirectory { try Files.createDirectories(host) }
        if mustExist && !Files.exists(host) {
          throw ContainerConfigurationError(
            description: "volume \"\(name)\": \(host) does not exist on this machine")
        }
      }
    }
  }

  /// Each mount of a container with the real path behind it.
  func mounts(
    of container: ContainerSpec, plan: VolumePlan, variables: [String: String]
  ) throws(ContainerConfigurationError) -> [(mountPath: String, realPath: String)] {
    var mounts = [(mountPath: container.terminationMessagePath, realPath: terminationLog(container.name))]
    for mount in container.mounts {
      guard let name = mount["name"]?.string, let mountPath = mount["mountPath"]?.string,
        let content = plan.contents[name]
      else {
        throw ContainerConfigurationError(
          description:
            "container \"\(container.name)\" mounts \"\(mount["name"]?.string ?? "")\", which is no volume "
            + "of the pod")
      }
      var real = volume(name)
      if case .host(let host, _, _) = content { real = host }
      var subPath = mount["subPath"]?.string ?? ""
      if subPath.isEmpty, let expression = mount["subPathExpr"]?.string {
        subPath = try VariableExpansion.expand(expression, variables)
      }
      if !subPath.isEmpty {
        guard VolumePlan.isSafeRelativePath(subPath) else {
          throw ContainerConfigurationError(
            description: "subPath \"\(subPath)\" must be relative, without \"..\"")
        }
        real += "/\(subPath)"
      }
      mounts.append((mountPath, real))
    }
    return mounts
  }
}
