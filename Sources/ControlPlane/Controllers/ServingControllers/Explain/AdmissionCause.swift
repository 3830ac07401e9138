public import KubeProtocol
public import ServingAPI

/// What the check of a manifest found, as a finding with code and value; pure.
public enum AdmissionCause {
  /// - Parameter name: the object's.
  public static func make(_ cause: KubeError.Cause, _ name: String) -> FailureCause {
    let (code, value) = classify(cause, name)
    // Most messages say themselves what to do.
    let hasFix = cause.message.contains(";") || code == .nameTooLong
    let fix = hasFix ? "" : "correct \(cause.field.isEmpty ? "the manifest" : cause.field)"
    return FailureCause(code, value: value, "\(cause.field): \(cause.message)", fix: fix)
  }

  private static func classify(_ cause: KubeError.Cause, _ name: String) -> (FailureCode, String) {
    let field = cause.field
    if field == "metadata.name" {
      let isLong = QuotedName.find("characters", in: cause.message) != nil || name.utf8.count > 63
      return (isLong && name.utf8.count > 40 ? .nameTooLong : .invalidSpec, name)
    }
    if field.hasSuffix("storageUri") || field.contains("storageUris") {
      let uri = bracketed(cause.message) ?? QuotedName.after("storage URI", in: cause.message) ?? ""
      let isScheme = QuotedName.find("must be one of", in: cause.message) != nil
      return (isScheme ? .unsupportedScheme : .badSource, uri)
    }
    if field.hasSuffix("protocolVersion") {
      return (.protocolNotSupported, QuotedName.wordAfter("invalid protocol", in: cause.message) ?? field)
    }
    return (.invalidSpec, field)
  }

  /// `StorageUri [x] is not supported`.
  private static func bracketed(_ message: String) -> String? {
    guard let start = QuotedName.find("StorageUri [", in: message) else { return nil }
    let inner = message[start...].prefix { $0 != "]" }
    return inner.isEmpty ? nil : String(inner)
  }

  /// Every cause of a refusal, the first of which is told.
  public static func make(_ error: KubeError, name: String) -> FailureCause {
    if let first = error.causes.first { return make(first, name) }
    return ComponentFailure.refusal(error.message, subject: "the API refuses \(name)")
  }
}
