internal import Formats

/// `models.json`: the models that a multi-model predictor is to have. The control plane writes it into a
/// ConfigMap; the predictor's loader follows it.
public enum ModelList {
  /// The ConfigMap's key, and the file's name in the pod.
  public static let fileName = "models.json"

  /// The ConfigMap of a service. There is one shard, as in upstream.
  public static func configMapName(service: String) -> String { "modelconfig-\(service)-0" }

  /// The text, sorted by name, so that equal lists are equal texts.
  public static func encode(_ entries: [ModelListEntry]) -> String {
    JSONValue.array(entries.sorted { $0.name < $1.name }.map(\.json)).encodedText
  }

  /// - Throws: what is wrong with the text; names are checked, since they become folders.
  public static func decode(_ text: String) throws(ModelListError) -> [ModelListEntry] {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: text, limits: JSONLimits(depth: 8, bytes: 4 << 20))
    } catch {
      throw ModelListError("\(fileName): \(error.description)")
    }
    guard let elements = json.array else {
      throw ModelListError("\(fileName): an array is expected, not \(json.typeName)")
    }
    var entries: [ModelListEntry] = []
    var names: Set<String> = []
    for (index, element) in elements.enumerated() {
      let entry = try ModelListEntry(json: element, index: index)
      guard names.insert(entry.name).inserted else {
        throw ModelListError("\(fileName): the model \"\(entry.name)\" is listed twice")
      }
      entries.append(entry)
    }
    return entries
  }
}

/// One model of the list.
public struct ModelListEntry: Sendable, Hashable {
  public var name: String
  public var storageURI: String
  public var framework: String
  /// A quantity, as it was written.
  public var memory: String

  public init(name: String, storageURI: String, framework: String, memory: String) {
    self.name = name
    self.storageURI = storageURI
    self.framework = framework
    self.memory = memory
  }

  init(json: JSONValue, index: Int) throws(ModelListError) {
    name = json["modelName"]?.string ?? ""
    storageURI = json.at("modelSpec", "storageUri")?.string ?? ""
    framework = json.at("modelSpec", "framework")?.string ?? ""
    memory = json.at("modelSpec", "memory").map { $0.string ?? $0.encodedText } ?? ""
    guard TrainedModelValidation.isName(name) else {
      throw ModelListError(
        "\(ModelList.fileName): entry \(index) has the name \"\(name)\"; letters, digits, '-' "
          + "and '_' are allowed")
    }
    guard !storageURI.isEmpty else {
      throw ModelListError("\(ModelList.fileName): the model \"\(name)\" has no storageUri")
    }
  }

  var json: JSONValue {
    [
      "modelName": .string(name),
      "modelSpec": [
        "storageUri": .string(storageURI), "framework": .string(framework), "memory": .string(memory),
      ],
    ]
  }
}

/// Why a list of models cannot be read.
public struct ModelListError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
