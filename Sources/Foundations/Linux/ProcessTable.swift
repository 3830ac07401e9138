internal import Glibc

/// What /proc tells of processes. All calls block shortly: not for a `Task`.
public enum ProcessTable {
  /// The direct children of a process; empty where it is gone.
  public static func children(of process: Int32) -> [Int32] {
    guard let threads = try? Files.list("/proc/\(process)/task") else { return [] }
    var found: [Int32] = []
    for thread in threads {
      // Kernels without CONFIG_PROC_CHILDREN lack the file.
      guard let text = readText("/proc/\(process)/task/\(thread)/children") else {
        return scanForChildren(of: process)
      }
      found += text.split(separator: " ").compactMap { Int32($0) }
    }
    return found
  }

  /// Children, their children and so on, parents first; at most `limit`.
  public static func descendants(of process: Int32, limit: Int = 100_000) -> [Int32] {
    var found = children(of: process)
    var next = 0
    while next < found.count && found.count < limit {
      found += children(of: found[next])
      next += 1
    }
    return found
  }

  /// Every process whose environment at its start held `entry` (`NAME=value`) and that this user may look at.
  public static func processes(withEnvironment entry: String) -> [Int32] {
    all().filter { environment(of: $0).contains(entry) }
  }

  /// The environment that a process was started with, as `NAME=value`.
  public static func environment(of process: Int32) -> [String] {
    guard let bytes = try? Files.read("/proc/\(process)/environ", limit: 4 << 20) else { return [] }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Memory that a process has in RAM, in bytes; 0 where it is gone.
  public static func residentBytes(of process: Int32) -> Int {
    guard let text = readText("/proc/\(process)/statm") else { return 0 }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages &* sysconf(Int32(_SC_PAGESIZE))
  }

  /// Bytes of RAM that programs may still take, as the kernel estimates it; 0 where it does not tell.
  public static var availableMemoryBytes: Int {
    let line = readText("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    guard let fields = line?.split(separator: " "), fields.count > 1, let kibibytes = Int(fields[1]) else {
      return 0
    }
    return kibibytes &* 1024
  }

  /// Bytes of RAM of the machine.
  public static var physicalMemoryBytes: Int {
    max(0, sysconf(Int32(_SC_PHYS_PAGES))) &* max(0, sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The machine's name as gethostname(2) gives it; nil where it has none.
  public static var hostName: String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, 255) == 0 else { return nil }
    let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return name.isEmpty ? nil : name
  }

  private static func all() -> [Int32] { (try? Files.list("/proc"))?.compactMap { Int32($0) } ?? [] }

  private static func scanForChildren(of parent: Int32) -> [Int32] {
    all().filter { process in
      guard let text = readText("/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else {
        return false
      }
      let fields = text[text.index(after: name)...].split(separator: " ")
      return fields.count > 1 && Int32(fields[1]) == parent
    }
  }

  private static func readText(_ path: String) -> String? {
    guard let bytes = try? Files.read(path, limit: 1 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self).trimmingNewline()
  }
}

extension String {
  fileprivate func trimmingNewline() -> String { hasSuffix("\n") ? String(dropLast()) : self }
}
