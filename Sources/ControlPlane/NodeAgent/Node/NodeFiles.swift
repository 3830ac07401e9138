internal import Basics
internal import CPreloadBlob
internal import Linux

/// The node's folders and files under the data directory. Blocks.
enum NodeFiles {
  static func prepare(_ configuration: NodeAgentConfiguration) throws -> NodeSettings {
    let data = try Files.canonicalPath(configuration.dataDirectory)
    try Files.createDirectories("\(data)/run")
    try Files.createDirectories(PodDirectory.parent(data))
    let executable = try configuration.ownExecutable ?? ProcessEnvironment.executablePath()
    let settings = NodeSettings(
      name: try nodeName(configuration.nodeName, data), dataDirectory: data, hostAddress: "127.0.0.1",
      ownExecutable: executable, supervisorCommand: configuration.supervisorCommand ?? [executable, "pod"],
      images: configuration.images, claims: configuration.claims, namesFile: "\(data)/run/names",
      preloadLibrary: try writePreloadLibrary(data), baseVariables: NodeSettings.inheritedVariables(),
      processors: ProcessStatistics.processorCount, memoryBytes: ProcessTable.physicalMemoryBytes)
    // A supervisor that was killed together with its parent could not clean up; its processes carry this
    // variable.
    for process in ProcessTable.processes(withEnvironment: "APUS_NAMES_FILE=\(settings.namesFile)") {
      Signal.kill.send(to: process)
    }
    try Files.writeAtomically([], to: settings.namesFile)
    return settings
  }

  /// Stays the same when the machine is renamed: pods are bound to it.
  private static func nodeName(_ given: String?, _ data: String) throws -> String {
    let file = "\(data)/run/node-name"
    if let given { return given }
    if let kept = try? Files.read(file, limit: 253), !kept.isEmpty {
      return String(decoding: kept, as: UTF8.self)
    }
    let allowed = (ProcessTable.hostName ?? "").lowercased().filter { character in
      character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == ".")
    }
    let edges: Set<Character> = ["-", "."]
    let trimmed = allowed.drop { edges.contains($0) }.prefix(63)
    let name = trimmed.isEmpty || trimmed.last.map(edges.contains) == true ? "apus" : String(trimmed)
    try Files.writeAtomically(Bytes(name.utf8), to: file)
    return name
  }

  /// - Returns: a path that `LD_PRELOAD` can hold: ld.so splits the variable at spaces and colons and
  ///   expands `$` (ld.so(8)). A data directory with these in its name gets the library from this process's
  ///   memory instead.
  static func writePreloadLibrary(_ data: String) throws -> String {
    let path = "\(data)/run/libapus-preload.so"
    let bytes = preloadLibrary()
    if path.utf8.contains(where: { $0 <= 32 || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "$") }) {
      let file = try MemoryFile.create("libapus-preload.so")
      try file.writeAll(bytes)
      // Open for the process's life: programs load it for as long as there are pods.
      return "/proc/\(ProcessEnvironment.processIdentifier)/fd/\(file.release())"
    }
    // Replacing the file under running programs is safe only by rename, and needless where it is the same.
    if (try? Files.read(path, limit: 1 << 24)) != bytes {
      try Files.writeAtomically(bytes, to: path, permissions: 0o755)
    }
    return path
  }

  private static func preloadLibrary() -> Bytes {
    Bytes(UnsafeRawBufferPointer(start: apus_preload_library(), count: apus_preload_library_size()))
  }
}
