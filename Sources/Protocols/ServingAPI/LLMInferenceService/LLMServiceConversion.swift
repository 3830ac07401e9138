internal import Formats
public import KubeProtocol

/// Turns LLMInferenceService and LLMInferenceServiceConfig from one version into the other. What only the
/// older version has goes into annotations, so that going there and back loses nothing; what only the newer
/// one has is not shown by the older.
public enum LLMServiceConversion {
  public static let storedVersion = "v1alpha2"
  /// The kinds that have both versions.
  public static let resources: [KubeResource] = [.llmInferenceServices, .llmInferenceServiceConfigs]
  public static let modelCriticality = "internal.serving.kserve.io/model-criticality"
  /// A JSON object from an adapter's position to its criticality.
  public static let adapterCriticalities = "internal.serving.kserve.io/lora-criticalities"

  /// - Parameter version: `v1alpha1` or `v1alpha2`; any other leaves the object as it is.
  public static func convert(_ object: KubeObject, to version: String) -> KubeObject {
    let from = object.groupVersionKind.version
    guard from != version else { return object }
    var result = object
    switch version {
    case "v1alpha2": upgrade(&result)
    case "v1alpha1": downgrade(&result)
    default: return object
    }
    result["apiVersion"] = .string("\(object.groupVersionKind.group)/\(version)")
    return result
  }

  private static func upgrade(_ object: inout KubeObject) {
    var annotations = object.annotations
    if let criticality = object.json.at("spec", "model", "criticality")?.string, !criticality.isEmpty {
      annotations[modelCriticality] = criticality
    }
    object.json.set(nil, at: "spec", "model", "criticality")
    if var adapters = object.json.at("spec", "model", "lora", "adapters")?.array {
      var criticalities = JSONObject()
      for index in adapters.indices {
        if let criticality = adapters[index]["criticality"]?.string, !criticality.isEmpty {
          criticalities[String(index)] = .string(criticality)
        }
        adapters[index]["criticality"] = nil
      }
      if !criticalities.isEmpty {
        annotations[adapterCriticalities] = JSONValue.object(criticalities).encodedText
      }
      object.json.set(.array(adapters), at: "spec", "model", "lora", "adapters")
    }
    object.annotations = annotations
    guard let pool = object.json.at("spec", "router", "scheduler", "pool", "spec"),
      pool["targetPortNumber"] != nil || pool["extensionRef"] != nil
    else { return }
    object.json.set(newer(pool), at: "spec", "router", "scheduler", "pool", "spec")
  }

  private static func downgrade(_ object: inout KubeObject) {
    var annotations = object.annotations
    if let criticality = annotations.removeValue(forKey: modelCriticality) {
      object.json.set(.string(criticality), at: "spec", "model", "criticality")
    }
    if let text = annotations.removeValue(forKey: adapterCriticalities),
      let criticalities = (try? JSONValue(parsing: text))?.object,
      var adapters = object.json.at("spec", "model", "lora", "adapters")?.array
    {
      for index in adapters.indices {
        if let criticality = criticalities[String(index)] { adapters[index]["criticality"] = criticality }
      }
      object.json.set(.array(adapters), at: "spec", "model", "lora", "adapters")
    }
    object.annotations = annotations
    if let pool = object.json.at("spec", "router", "scheduler", "pool", "spec"),
      pool["targetPorts"] != nil || pool["endpointPickerRef"] != nil
    {
      object.json.set(older(pool), at: "spec", "router", "scheduler", "pool", "spec")
    }
  }

  // MARK: pools

  private static func newer(_ pool: JSONValue) -> JSONValue {
    var result: JSONValue = ["selector": ["matchLabels": pool["selector"] ?? [:]]]
    if let port = pool["targetPortNumber"] { result["targetPorts"] = [["number": port]] }
    guard var reference = pool["extensionRef"] else { return result }
    if let port = reference["portNumber"] { reference["port"] = ["number": port] }
    reference["portNumber"] = nil
    result["endpointPickerRef"] = reference
    return result
  }

  private static func older(_ pool: JSONValue) -> JSONValue {
    var result: JSONValue = ["selector": pool.at("selector", "matchLabels") ?? [:]]
    if let port = pool["targetPorts"]?[0]?["number"] { result["targetPortNumber"] = port }
    guard var reference = pool["endpointPickerRef"] else { return result }
    if let port = reference.at("port", "number") { reference["portNumber"] = port }
    reference["port"] = nil
    result["extensionRef"] = reference
    return result
  }
}
