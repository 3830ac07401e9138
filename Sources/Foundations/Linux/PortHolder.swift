internal import Basics

/// Who listens on a TCP port of this machine: for errors about a taken port.
public enum PortHolder {
  /// `python3 (pid 4711)`; nil where nobody is found or the process belongs to somebody else.
  public static func describe(port: Int) -> String? {
    let inodes = listeningSockets(port: port)
    guard !inodes.isEmpty, let names = try? Files.list("/proc") else { return nil }
    for name in names {
      guard let pid = Int32(name), let descriptors = try? Files.list("/proc/\(pid)/fd") else { continue }
      for descriptor in descriptors {
        guard let target = try? Files.symbolicLinkTarget("/proc/\(pid)/fd/\(descriptor)") else { continue }
        if inodes.contains(where: { target == "socket:[\($0)]" }) {
          let command = (try? Files.read("/proc/\(pid)/comm", limit: 256)) ?? []
          let program = String(decoding: command.filter { $0 > 32 }, as: UTF8.self)
          return "\(program.isEmpty ? "a process" : program) (pid \(pid))"
        }
      }
    }
    return nil
  }

  /// Inode numbers of the sockets that listen on the port, from `/proc/net/tcp` and `tcp6` (proc(5)).
  private static func listeningSockets(port: Int) -> [String] {
    let listening = "0A"
    var inodes: [String] = []
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
      guard let bytes = try? Files.read(table, limit: 16 << 20) else { continue }
      for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count > 9, fields[3] == listening, let text = fields[1].split(separator: ":").last,
          Int(text, radix: 16) == port
        else { continue }
        inodes.append(String(fields[9]))
      }
    }
    return inodes
  }
}
