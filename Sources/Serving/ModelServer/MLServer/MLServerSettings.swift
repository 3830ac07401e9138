internal import Basics
internal import Formats
internal import Linux
public import ModelRuntime

/// The settings of an MLServer 1.7 process: `settings.json` in its folder, and the `MLSERVER_*` variables for
/// what the file leaves out.
public struct MLServerSettings: Sendable, Hashable {
  /// Shown in `GET /v2`, and in the CloudEvents headers of answers.
  public var serverName = "mlserver"
  public var serverVersion = "1.7.1"
  public var extensions: [String] = []
  public var host: String?
  public var httpPort = 8080
  public var grpcPort = 8081
  /// Bytes of one gRPC message; nil for this server's own limit.
  public var grpcMaximumMessageBytes: Int?
  public var loadsModelsAtStartup = true
  /// Answers that are kept for equal requests; 0 for none.
  public var cachedResponses = 0

  public init() {}

  /// Looks a variable of the environment up.
  public typealias Environment = @Sendable (String) -> String?

  /// - Parameter folder: what `mlserver start` was given; nil for none.
  public static func read(
    folder: String?, environment: @escaping Environment
  ) throws(ModelLoadError) -> MLServerSettings {
    let path = folder.map { "\($0)/settings.json" }
    let source = try MLServerSource(path: path, prefix: "MLSERVER_", environment: environment)
    var settings = MLServerSettings()
    settings.serverName = try source.text("server_name") ?? settings.serverName
    settings.serverVersion = try source.text("server_version") ?? settings.serverVersion
    settings.extensions = try source.texts("extensions") ?? []
    settings.host = try source.text("host")
    settings.httpPort = try source.whole("http_port", 0...65_535) ?? settings.httpPort
    settings.grpcPort = try source.whole("grpc_port", 0...65_535) ?? settings.grpcPort
    settings.grpcMaximumMessageBytes = try source.whole("grpc_max_message_length", -1...Int(Int32.max))
    settings.loadsModelsAtStartup = try source.boolean("load_models_at_startup") ?? true
    if try source.boolean("cache_enabled") ?? false {
      settings.cachedResponses = try source.whole("cache_size", 0...10_000_000) ?? 100
    }
    return settings
  }
}

/// A settings file and the variables that stand behind it. What the file says counts first.
struct MLServerSource {
  private let object: JSONObject
  private let prefix: String
  private let environment: MLServerSettings.Environment
  /// What messages call the file.
  private let place: String

  private static let maximumBytes = 1 << 20

  /// - Parameter path: a file that may be missing; nil for none.
  init(path: String?, prefix: String, environment: @escaping MLServerSettings.Environment)
    throws(ModelLoadError)
  {
    self.prefix = prefix
    self.environment = environment
    place = path ?? "the environment"
    guard let path, let bytes = try Self.contents(path) else {
      object = JSONObject()
      return
    }
    do {
      let value = try JSONValue(parsing: bytes)
      guard let object = value.object else {
        throw ModelLoadError(.corrupt, "\(path) must hold a JSON object, not \(value.typeName)")
      }
      self.object = object
    } catch let error as ModelLoadError {
      throw error
    } catch {
      throw ModelLoadError(.corrupt, "\(path) is no JSON: \(error)")
    }
  }

  /// An object inside a settings file, such as `parameters`.
  init(
    _ object: JSONObject, place: String, prefix: String, environment: @escaping MLServerSettings.Environment
  ) {
    self.object = object
    self.place = place
    self.prefix = prefix
    self.environment = environment
  }

  private static func contents(_ path: String) throws(ModelLoadError) -> Bytes? {
    do {
      return try Files.read(path, limit: maximumBytes)
    } catch {
      if error.isNotFound { return nil }
      throw ModelLoadError(.unreadable, "cannot read \(path): \(error.reason)")
    }
  }

  /// The object under a name, as the file gives it.
  func object(_ name: String) throws(ModelLoadError) -> JSONObject? {
    guard let value = object[name], !value.isNull else { return nil }
    guard let found = value.object else { throw wrong(name, "an object") }
    return found
  }

  func values(_ name: String) throws(ModelLoadError) -> [JSONValue]? {
    guard let value = object[name], !value.isNull else { return nil }
    guard let found = value.array else { throw wrong(name, "a list") }
    return found
  }

  func text(_ name: String) throws(ModelLoadError) -> String? {
    guard let value = object[name] else { return variable(name) }
    if value.isNull { return nil }
    guard let text = value.string else { throw wrong(name, "a string") }
    return text
  }

  func texts(_ name: String) throws(ModelLoadError) -> [String]? {
    var list = try values(name)
    if list == nil, let text = variable(name) {
      list = (try? JSONValue(parsing: text))?.array ?? [.string(text)]
    }
    guard let list else { return nil }
    let texts = list.compactMap(\.string)
    guard texts.count == list.count else { throw wrong(name, "a list of strings") }
    return texts
  }

  func number(_ name: String) throws(ModelLoadError) -> Double? {
    guard let value = object[name] else {
      guard let text = variable(name) else { return nil }
      guard let number = Double(text) else { throw wrong(name, "a number") }
      return number
    }
    if value.isNull { return nil }
    guard let number = value.double else { throw wrong(name, "a number") }
    return number
  }

  func whole(_ name: String, _ range: ClosedRange<Int>) throws(ModelLoadError) -> Int? {
    guard let number = try number(name) else { return nil }
    guard let whole = Int(exactly: number), range.contains(whole) else {
      throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }

  func boolean(_ name: String) throws(ModelLoadError) -> Bool? {
    if let value = object[name] {
      if value.isNull { return nil }
      if let found = value.bool { return found }
    }
    guard let text = object[name]?.string ?? variable(name) else {
      if object[name] != nil { throw wrong(name, "a boolean") }
      return nil
    }
    switch text.lowercased() {
    case "true", "1", "yes", "on", "y", "t": return true
    case "false", "0", "no", "off", "n", "f": return false
    default: throw wrong(name, "a boolean")
    }
  }

  private func variable(_ name: String) -> String? { environment(prefix + name.uppercased()) }

  private func wrong(_ name: String, _ expected: String) -> ModelLoadError {
    let fromFile = object[name] != nil
    let what = fromFile ? "'\(name)' in \(place)" : "the variable \(prefix)\(name.uppercased())"
    return ModelLoadError(.corrupt, "\(what) must be \(expected)")
  }
}
