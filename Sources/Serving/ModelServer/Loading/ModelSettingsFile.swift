internal import Formats
internal import Linux
internal import ModelRuntime

/// `apus-model.json` in a model's folder: how this one is served where that differs from the server's flags.
/// ```
/// {"framework": "xgboost", "concurrency": 2, "queueSize": 100, "responseCache": false,
///  "batching": {"maxBatchSize": 32, "maxLatencyMilliseconds": 5, "batchIds": false},
///  "runtime": {"threads": "4"}}
/// ```
enum ModelSettingsFile {
  private static let sizeLimit = 1 << 20

  /// The defaults, changed by what the file says; the defaults alone where there is no file.
  static func read(_ folder: String, defaults: ModelSettings) throws(ModelLoadError) -> ModelSettings {
    let path = "\(folder)/\(ModelFolder.settingsFile)"
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: sizeLimit)
    } catch {
      if error.isNotFound { return defaults }
      throw ModelLoadError(.unreadable, "cannot read \(path): \(error.reason)")
    }
    guard let value = try? JSONValue(parsing: bytes), let object = value.object else {
      throw ModelLoadError(.corrupt, "\(path) is no JSON object")
    }
    var settings = defaults
    for (key, value) in object { try apply(key, value, to: &settings, path) }
    return settings
  }

  private static func apply(
    _ key: String, _ value: JSONValue, to settings: inout ModelSettings, _ path: String
  ) throws(ModelLoadError) {
    switch key {
    case "framework":
      guard let name = value.string else { throw wrong(path, key, "a text") }
      settings.framework = name
    case "concurrency": settings.concurrency = try count(path, key, value)
    case "queueSize": settings.queueCapacity = try count(path, key, value)
    case "responseCache":
      guard let isOn = value.bool else { throw wrong(path, key, "true or false") }
      settings.cachesResponses = isOn
    case "batching": settings.batching = try batching(value, settings.batching, path)
    case "runtime":
      guard let object = value.object else { throw wrong(path, key, "an object of texts") }
      for (name, value) in object {
        guard let text = value.string else { throw wrong(path, "\(key).\(name)", "a text") }
        settings.runtime[name] = text
      }
    default:
      throw ModelLoadError(
        .corrupt,
        "\(path) has a field '\(key)' that is not known here: framework, concurrency, queueSize, "
          + "responseCache, batching and runtime are")
    }
  }

  private static func batching(
    _ value: JSONValue, _ defaults: BatchSettings?, _ path: String
  ) throws(ModelLoadError) -> BatchSettings? {
    if value.bool == false || value.isNull { return nil }
    guard let object = value.object else { throw wrong(path, "batching", "an object, or false") }
    var batching = defaults ?? BatchSettings(showsBatchID: false)
    for (name, value) in object {
      let key = "batching.\(name)"
      switch name {
      case "maxBatchSize": batching.maximumRows = try count(path, key, value)
      case "maxLatencyMilliseconds":
        guard let milliseconds = value.double, milliseconds >= 0, milliseconds <= 3_600_000 else {
          throw wrong(path, key, "a number from 0 to 3600000")
        }
        batching.maximumDelay = .microseconds(Int64(milliseconds * 1000))
      case "batchIds":
        guard let isOn = value.bool else { throw wrong(path, key, "true or false") }
        batching.showsBatchID = isOn
      default:
        throw ModelLoadError(
          .corrupt,
          "\(path) has a field '\(key)' that is not known here: maxBatchSize, maxLatencyMilliseconds and "
            + "batchIds are")
      }
    }
    return batching
  }

  private static func count(_ path: String, _ key: String, _ value: JSONValue) throws(ModelLoadError) -> Int {
    guard let number = value.int, (1...1_000_000).contains(number) else {
      throw wrong(path, key, "a whole number from 1 to 1000000")
    }
    return Int(number)
  }

  private static func wrong(_ path: String, _ key: String, _ expected: String) -> ModelLoadError {
    ModelLoadError(.corrupt, "\(path): the field '\(key)' must be \(expected)")
  }
}
