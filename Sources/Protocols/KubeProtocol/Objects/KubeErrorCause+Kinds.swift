extension KubeError.Cause {
  /// A text as causes show it: in quotes, with Go's escapes.
  public static func quoted(_ text: String) -> String { FieldPath.quoted(text) }

  public static func required(_ field: String, _ detail: String = "") -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueRequired", message: detail.isEmpty ? "Required value" : "Required value: \(detail)",
      field: field)
  }

  public static func invalid(_ field: String, _ value: String, _ problem: String) -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueInvalid", message: "Invalid value: \(quoted(value)): \(problem)", field: field)
  }

  /// Numbers are shown without quotes.
  public static func invalid(_ field: String, _ value: Int64, _ problem: String) -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueInvalid", message: "Invalid value: \(value): \(problem)", field: field)
  }

  public static func duplicate(_ field: String, _ value: String) -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueDuplicate", message: "Duplicate value: \(quoted(value))", field: field)
  }

  public static func notFound(_ field: String, _ value: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueNotFound", message: "Not found: \(quoted(value))", field: field)
  }

  public static func forbidden(_ field: String, _ why: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueForbidden", message: "Forbidden: \(why)", field: field)
  }

  public static func notSupported(_ field: String, _ value: String, _ supported: [String]) -> KubeError.Cause
  {
    KubeError.Cause(
      reason: "FieldValueNotSupported",
      message: "Unsupported value: \(quoted(value)): supported values: "
        + supported.map(quoted).joined(separator: ", "), field: field)
  }
}
