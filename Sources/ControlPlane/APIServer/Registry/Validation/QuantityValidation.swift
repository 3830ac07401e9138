internal import Formats
internal import KubeProtocol

/// Amounts of resources: well formed, not negative, and no more requested than allowed.
enum QuantityValidation {
  private static let rule =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

  static func causes(_ amount: JSONValue, at field: String) -> [KubeError.Cause] {
    let text = amount.string ?? amount.encodedText
    guard let quantity = Quantity(json: amount) else { return [.invalid(field, text, rule)] }
    if quantity.billionths < 0 {
      return [.invalid(field, text, "must be greater than or equal to 0")]
    }
    return []
  }

  /// `resources` of a container.
  static func causes(resources: JSONValue, at path: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for list in ["limits", "requests"] {
      for (name, amount) in resources[list]?.object ?? [:] {
        let field = "\(path).\(list)[\(name)]"
        causes += LabelSyntax.keyProblems(name).map { .invalid("\(path).\(list)", name, $0) }
        causes += Self.causes(amount, at: field)
      }
    }
    guard causes.isEmpty else { return causes }
    for (name, amount) in resources["requests"]?.object ?? [:] {
      guard let limit = resources.at("limits", name), let most = Quantity(json: limit),
        let wanted = Quantity(json: amount), wanted > most
      else { continue }
      causes.append(
        .invalid(
          "\(path).requests", amount.string ?? amount.encodedText,
          "must be less than or equal to \(name) limit of \(limit.string ?? limit.encodedText)"))
    }
    return causes
  }
}
