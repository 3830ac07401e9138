public import Formats

/// Which program stands for an image. The last path component counts, whatever the registry, tag or digest:
/// `registry.corp/kserve/sklearnserver:v0.14` is `sklearnserver`.
public struct ImageTable: Sendable {
  /// What runs for an image.
  public enum Program: Sendable, Hashable {
    /// A role of this very binary, by its first arguments.
    case ownRole([String])
    /// A command of the machine.
    case command([String])
  }

  private var programs: [String: Program]

  /// The images of the built-in runtimes and helpers.
  public init() {
    programs = [
      "sklearnserver": .ownRole(["server", "--framework", "sklearn"]),
      "xgbserver": .ownRole(["server", "--framework", "xgboost"]),
      "lgbserver": .ownRole(["server", "--framework", "lightgbm"]),
      "pmmlserver": .ownRole(["server", "--framework", "pmml"]),
      "mlserver": .ownRole(["server", "--dialect", "mlserver"]),
      // Its repository layout and V2 are served for the formats that have a runtime here: ONNX above all.
      "tritonserver": .ownRole(["server"]),
      // Gets its framework by flag.
      "predictiveserver": .ownRole(["server"]),
      "storage-initializer": .ownRole(["storage-initializer"]),
      "agent": .ownRole(["agent"]),
      "router": .ownRole(["router"]),
      // Any role, by the container's arguments.
      "apus": .ownRole([]),
    ]
  }

  /// An entry of the configuration that is no list of texts.
  public struct InvalidEntry: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Adds entries, or replaces built-in ones: an object from image name to command list, as in
  /// `{"my-model": ["python3", "/srv/model.py"]}`.
  public mutating func extend(with configuration: JSONValue) throws(InvalidEntry) {
    guard let object = configuration.object else {
      throw InvalidEntry(description: "the image table must be an object, not \(configuration.typeName)")
    }
    for member in object.members {
      let command = (member.value.array ?? []).compactMap(\.string)
      guard !command.isEmpty, command.count == member.value.array?.count else {
        throw InvalidEntry(
          description: "image table: \"\(member.key)\" must be a list of texts: the program and its arguments"
        )
      }
      programs[Self.shortName(member.key)] = .command(command)
    }
  }

  public func program(for image: String) -> Program? { programs[Self.shortName(image)] }

  /// The names that the table knows, sorted.
  public var names: [String] { programs.keys.sorted() }

  /// The last path component without tag and digest.
  public static func shortName(_ image: String) -> String {
    var name = image[...]
    if let at = name.firstIndex(of: "@") { name = name[..<at] }
    if let slash = name.lastIndex(of: "/") { name = name[name.index(after: slash)...] }
    if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
    return String(name)
  }
}
