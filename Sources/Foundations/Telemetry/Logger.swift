public import Basics
public import Linux

/// Structured lines on standard error: `2026-11-21T08:15:30Z INFO apiserver listening
/// address=127.0.0.1:6443`. Values never contain secrets: callers pass names, not contents.
public struct Logger: Sendable {
  public enum Level: Int, Sendable, Comparable {
    case debug, info, warning, error

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    public init?(name: String) {
      switch name.lowercased() {
      case "debug": self = .debug
      case "info": self = .info
      case "warning", "warn": self = .warning
      case "error": self = .error
      default: return nil
      }
    }

    var label: String {
      switch self {
      case .debug: "DEBUG"
      case .info: "INFO"
      case .warning: "WARN"
      case .error: "ERROR"
      }
    }
  }

  public let part: String
  public let minimumLevel: Level
  private let clock: any WallClock

  /// - Parameter part: the part of the system that speaks: `gateway`, `node-agent`, …
  public init(_ part: String, minimumLevel: Level = Logger.defaultLevel, clock: any WallClock = SystemClock())
  {
    self.part = part
    self.minimumLevel = minimumLevel
    self.clock = clock
  }

  /// What the environment asks for by `APUS_LOG_LEVEL`, else `KSERVE_LOGLEVEL`.
  private static let chosenLevel: Level? =
    (ProcessEnvironment.variable("APUS_LOG_LEVEL") ?? ProcessEnvironment.variable("KSERVE_LOGLEVEL"))
    .flatMap(Level.init(name:))

  /// From the environment, else warnings only.
  public static let defaultLevel: Level = chosenLevel ?? .warning

  /// From the environment, else information: for roles whose log somebody reads (`kubectl logs`).
  public static let serverLevel: Level = chosenLevel ?? .info

  public func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.debug, message, fields)
  }
  public func info(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.info, message, fields)
  }
  public func warning(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.warning, message, fields)
  }
  public func error(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.error, message, fields)
  }

  private func write(_ level: Level, _ message: () -> String, _ fields: KeyValuePairs<String, String>) {
    guard level >= minimumLevel else { return }
    var line = "\(clock.now().rfc3339) \(level.label) \(part) \(Self.singleLine(message()))"
    for (name, value) in fields { line += " \(name)=\(Self.quotedIfNeeded(value))" }
    StandardStreams.writeError(line + "\n")
  }

  /// Control characters would let a value forge another line.
  private static func singleLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }

  private static func quotedIfNeeded(_ value: String) -> String {
    let clean = singleLine(value)
    return clean.contains(" ") || clean.isEmpty ? "\"\(clean)\"" : clean
  }
}
