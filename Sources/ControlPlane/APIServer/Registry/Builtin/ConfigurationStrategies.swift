internal import Basics
internal import Crypto
internal import Formats
internal import KubeProtocol

/// ConfigMaps and Secrets.
enum ConfigurationStrategies {
  private static let maximumBytes = 1 << 20

  static let configMap = ResourceStrategy(validate: { object, old in
    immutabilityCauses(object, old) + keyCauses(object, ["data", "binaryData"])
      + base64Causes(object, "binaryData")
  })

  static let secret = ResourceStrategy(
    fieldLabels: ["type": ["type"]],
    applyDefaults: { secret in
      PodDefaults.setDefault(&secret.json, "type", "Opaque")
      foldStringData(&secret)
    },
    validate: { secret, old in
      var causes =
        immutabilityCauses(secret, old) + keyCauses(secret, ["data"]) + base64Causes(secret, "data")
      if let old, old["type"] != secret["type"] {
        causes.append(
          KubeError.Cause.invalid("type", secret["type"]?.string ?? "", "field is immutable"))
      }
      return causes
    })

  /// `stringData` is write-only: it goes into `data` as base64 and is gone.
  private static func foldStringData(_ secret: inout KubeObject) {
    guard let plain = secret["stringData"] else { return }
    var data = secret["data"] ?? [:]
    for (key, value) in plain.object ?? [:] {
      if let text = value.string { data[key] = .string(Base64.encode(Bytes(text.utf8))) }
    }
    secret["data"] = data
    secret["stringData"] = nil
  }

  private static func immutabilityCauses(_ object: KubeObject, _ old: KubeObject?) -> [KubeError.Cause] {
    guard let old, old["immutable"]?.bool == true else { return [] }
    var causes: [KubeError.Cause] = []
    if object["immutable"]?.bool != true {
      causes.append(forbidden("immutable", "field is immutable when `immutable` is set"))
    }
    for field in ["data", "binaryData"] where object[field] != old[field] {
      causes.append(forbidden(field, "field is immutable when `immutable` is set"))
    }
    return causes
  }

  private static func keyCauses(_ object: KubeObject, _ fields: [String]) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var bytes = 0
    for field in fields {
      for (key, value) in object[field]?.object ?? [:] {
        bytes += key.utf8.count + (value.string?.utf8.count ?? 0)
        if !isKey(key) {
          causes.append(
            KubeError.Cause.invalid(
              "\(field)[\(key)]", key,
              "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',"
                + "  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"))
        }
      }
    }
    if bytes > maximumBytes * 4 / 3 {
      causes.append(
        KubeError.Cause(
          reason: "FieldValueTooLong", message: "Too long: may not be more than \(maximumBytes) bytes",
          field: ""))
    }
    return causes
  }

  private static func base64Causes(_ object: KubeObject, _ field: String) -> [KubeError.Cause] {
    (object[field]?.object ?? [:]).compactMap { key, value in
      guard let text = value.string else { return nil }
      // Line ends are skipped, as Go's decoder skips them.
      if Base64.decodeLines(text) != nil { return nil }
      return KubeError.Cause.invalid("\(field)[\(key)]", "<hidden>", "must be base64-encoded")
    }
  }

  private static func isKey(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 253 && key != "." && key != ".."
      && key.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0)
      }
  }

  private static func forbidden(_ field: String, _ why: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueForbidden", message: "Forbidden: \(why)", field: field)
  }
}
