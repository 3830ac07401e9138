internal import Glibc

/// This process: its environment, arguments, identity.
public enum ProcessEnvironment {
  /// The value of a variable; nil where it is not set. Read at start: nothing here changes the environment.
  public static func variable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
  }

  /// Every variable as `NAME` and value, in the environment's order.
  public static func all() -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    var cursor = environ
    while let entry = cursor.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        result.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
      }
      cursor += 1
    }
    return result
  }

  public static var processIdentifier: Int32 { getpid() }
  public static var userIdentifier: UInt32 { getuid() }

  /// The running program's own file; children are started from it.
  public static func executablePath() throws(LinuxError) -> String {
    try Files.symbolicLinkTarget("/proc/self/exe")
  }

  public static func currentDirectory() throws(LinuxError) -> String { try Files.canonicalPath(".") }

  /// `HOME`, else what the user database says (as login(1) would set it), else the root folder.
  public static var homeDirectory: String {
    if let home = variable("HOME"), !home.isEmpty { return home }
    guard let entry = getpwuid(getuid()), let home = entry.pointee.pw_dir else { return "/" }
    return String(cString: home)
  }

  /// Ends the process with this code.
  public static func exit(_ code: Int32) -> Never { Glibc.exit(code) }
}
