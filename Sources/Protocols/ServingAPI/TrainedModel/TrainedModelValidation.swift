internal import Formats
public import KubeProtocol

/// What admission refuses about a TrainedModel, in upstream's words; pure.
public enum TrainedModelValidation {
  static let nameFormat = "[a-zA-Z0-9_-]+"
  /// What upstream's loader can fetch.
  static let prefixes: [String] = ["s3://", "gs://", "https://", "http://"]

  /// - Parameter old: the stored object, on update.
  public static func causes(_ object: KubeObject, old: KubeObject? = nil) -> [KubeError.Cause] {
    if object.isBeingDeleted { return [] }
    let model = TrainedModel(object)
    var causes: [KubeError.Cause] = []
    func add(_ field: String, _ message: String) {
      causes.append(.init(reason: "FieldValueInvalid", message: message, field: field))
    }
    if !isName(model.name) {
      add(
        "metadata.name",
        "the Trained Model \"\(model.name)\" is invalid: a Trained Model name must consist of alphanumeric "
          + "characters, '_', or '-'. (e.g. \"my-Name\" or \"abc_123\", regex used for validation is "
          + "'^\(nameFormat)$')")
    }
    if !prefixes.contains(where: { model.storageURI.hasPrefix($0) }) {
      add(
        "spec.model.storageUri",
        "the Trained Model \"\(model.name)\" storageUri field is invalid. The storage uri must start with "
          + "one of the prefixes: \(prefixes.joined(separator: ", ")). (the storage uri given is "
          + "\"\(model.storageURI)\")")
    }
    if let old, let before = TrainedModel(old).memory, let after = model.memory, before != after {
      add(
        "spec.model.memory",
        "the Trained Model \"\(model.name)\" memory field is immutable. The memory was "
          + "\"\(memoryText(old))\" but it is updated to \"\(memoryText(object))\"")
    }
    return causes
  }

  /// Whether a text can name a model: it becomes a folder and a part of a URL's path.
  public static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 253
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private static func memoryText(_ object: KubeObject) -> String {
    object.json.at("spec", "model", "memory").map { $0.string ?? $0.encodedText } ?? ""
  }
}
