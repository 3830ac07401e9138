/// The flags of upstream's agent, with one dash or two, with `=` or a blank.
public struct AgentFlags: Sendable, Hashable {
  /// Why the flags cannot be used.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  public var isPullerEnabled = false
  public var configurationFolder = "/mnt/configs"
  public var modelFolder = "/mnt/models"
  /// Of the model server.
  public var componentPort = 8080
  /// Flags that were given and have no part here, by name.
  public var ignored: [String] = []

  private static let switches: Set<String> = [
    "enable-puller", "enable-batcher", "logger-tls-skip-verify",
  ]

  public static func parse(_ arguments: [String]) throws(Failure) -> AgentFlags {
    var flags = AgentFlags()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-") else {
        throw Failure(description: "\"\(argument)\" is no flag; flags begin with --")
      }
      var name = argument.drop { $0 == "-" }
      var value: String?
      if let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = name[..<equals]
      } else if !switches.contains(String(name)) {
        guard let next = rest.popFirst() else {
          throw Failure(description: "the flag --\(name) needs a value")
        }
        value = next
      }
      try flags.set(String(name), value)
    }
    return flags
  }

  private mutating func set(_ name: String, _ value: String?) throws(Failure) {
    switch name {
    case "enable-puller": isPullerEnabled = value != "false"
    case "config-dir": configurationFolder = value ?? configurationFolder
    case "model-dir": modelFolder = value ?? modelFolder
    case "component-port":
      guard let port = value.flatMap(Int.init), (1...65535).contains(port) else {
        throw Failure(description: "--component-port \(value ?? ""): a port is a number from 1 to 65535")
      }
      componentPort = port
    default: ignored.append("--\(name)")
    }
  }
}
