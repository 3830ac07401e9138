internal import Basics
internal import Linux

/// Decides which file a container executes, with which arguments.
struct ProgramResolver: Sendable {
  /// What to execute.
  struct Resolved: Sendable, Hashable {
    /// Absolute.
    var path: String
    /// With the program's name first.
    var arguments: [String]
    /// A role of this binary: it binds POD_IP itself and reports its readiness.
    var isOwnRole: Bool
  }

  /// Why a container cannot run here; shown as its waiting state.
  struct Refusal: Error, Hashable, CustomStringConvertible {
    var reason: String
    var description: String
  }

  var images: ImageTable
  /// This binary's file.
  var ownExecutable: String

  /// - Parameters:
  ///   - command: the container's, expanded; empty for the image's own.
  ///   - searchPath: the container's PATH.
  func resolve(
    image: String, command: [String], arguments: [String], searchPath: String, directory: String
  ) throws(Refusal) -> Resolved {
    if let program = command.first {
      return try foreign(program, Array(command.dropFirst()) + arguments, image, searchPath, directory)
    }
    switch images.program(for: image) {
    case .ownRole(let role):
      return Resolved(path: ownExecutable, arguments: ["apus"] + role + arguments, isOwnRole: true)
    case .command(let command):
      return try foreign(command[0], Array(command.dropFirst()) + arguments, image, searchPath, directory)
    case nil:
      throw Refusal(
        reason: "ErrImagePull",
        description: "image \"\(image)\" cannot run on this node: it runs programs, not images. Built in are "
          + "\(images.names.joined(separator: ", ")). Give the container a command that exists on this "
          + "machine, or add the image with its command to the image table")
    }
  }

  private func foreign(
    _ program: String, _ arguments: [String], _ image: String, _ searchPath: String, _ directory: String
  ) throws(Refusal) -> Resolved {
    guard let path = Self.locate(program, searchPath: searchPath, directory: directory) else {
      if program == "apus" {
        return Resolved(path: ownExecutable, arguments: [program] + arguments, isOwnRole: true)
      }
      throw Refusal(
        reason: "ErrImagePull",
        description: "the command \"\(program)\" of image \"\(image)\" does not exist on this machine "
          + "(PATH is \(searchPath)): install it, or use one of the built-in images "
          + "(\(images.names.joined(separator: ", "))) without a command")
    }
    if (try? Files.canonicalPath(path)) == ownExecutable {
      return Resolved(path: path, arguments: [program] + arguments, isOwnRole: true)
    }
    if case .statically = ExecutableFile.linkage(path) {
      throw Refusal(
        reason: "ErrImagePull",
        description:
          "\(path) is a statically linked program: it would take the ports of all other pods, because a "
          + "pod's address reaches foreign programs through a preload library. Use a dynamically linked build"
      )
    }
    return Resolved(path: path, arguments: [program] + arguments, isOwnRole: false)
  }

  /// The program's file: as it is where it has a slash, else the first of that name in the search path.
  static func locate(_ program: String, searchPath: String, directory: String) -> String? {
    func isProgram(_ path: String) -> Bool {
      Files.isExecutable(path) && (try? Files.status(path).kind) == .regular
    }
    if program.contains("/") {
      let path = program.hasPrefix("/") ? program : "\(directory)/\(program)"
      return isProgram(path) ? path : nil
    }
    for folder in searchPath.split(separator: ":") where !program.isEmpty {
      let path = "\(folder)/\(program)"
      if isProgram(path) { return path }
    }
    return nil
  }
}

/// What an executable file needs to run.
enum ExecutableFile {
  enum Linkage: Sendable, Hashable { case dynamically, statically, unknown }

  /// Whether the dynamic loader (and with it a preload library) takes part: the file has a PT_INTERP segment.
  /// A script counts as its interpreter does.
  static func linkage(_ path: String, depth: Int = 0) -> Linkage {
    guard depth < 4, let head = read(path, count: 64 * ByteCount.kibibyte) else { return .unknown }
    if head.starts(with: Array("#!".utf8)) {
      let line = String(decoding: head.prefix { $0 != 10 }.dropFirst(2), as: UTF8.self)
      guard let interpreter = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first else {
        return .unknown
      }
      return linkage(String(interpreter), depth: depth + 1)
    }
    return elfLinkage(head)
  }

  /// From the first bytes of an ELF file (System V ABI, "Program Header"); both word sizes, little endian.
  static func elfLinkage(_ bytes: Bytes) -> Linkage {
    guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), bytes[5] == 1 else {
      return .unknown
    }
    func number(_ offset: Int, _ size: Int) -> UInt64? {
      guard offset >= 0, offset <= bytes.count - size else { return nil }
      return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let isWide = bytes[4] == 2
    guard let table = number(isWide ? 32 : 28, isWide ? 8 : 4).flatMap({ Int(exactly: $0) }),
      let entrySize = number(isWide ? 54 : 42, 2), let count = number(isWide ? 56 : 44, 2), table < 1 << 30
    else { return .unknown }
    for index in 0..<Int(count) {
      guard let type = number(table + index * Int(entrySize), 4) else { return .unknown }
      if type == 3 { return .dynamically }
    }
    return .statically
  }

  private static func read(_ path: String, count: Int) -> Bytes? {
    guard let file = try? Files.open(path, .read) else { return nil }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    guard let length = try? file.read(into: buffer) else { return nil }
    return Bytes(buffer[..<length])
  }
}
