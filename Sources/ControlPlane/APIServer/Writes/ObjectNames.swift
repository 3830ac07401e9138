internal import KubeProtocol

/// Which names objects may have, and whether labels and annotations are well formed.
enum ObjectNames {
  static func check(_ object: KubeObject, _ definition: ResourceDefinition) throws(KubeError) {
    let name = object.name
    var causes: [KubeError.Cause] = []
    if name.isEmpty {
      causes.append(
        KubeError.Cause(
          reason: "FieldValueRequired", message: "Required value: name or generateName is required",
          field: "metadata.name"))
    } else if let problem = problem(name, definition.strategy.nameRule) {
      causes.append(invalid("metadata.name", name, problem))
    }
    causes += metadataCauses(object)
    if !causes.isEmpty {
      throw KubeError.invalid(definition.resource.groupVersionKind, name, causes)
    }
  }

  /// Labels and annotations; checked on every write.
  static func metadataCauses(_ object: KubeObject) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for (key, value) in object.labels {
      causes += LabelSyntax.keyProblems(key).map { invalid("metadata.labels", key, $0) }
      causes += LabelSyntax.valueProblems(value).map { invalid("metadata.labels", value, $0) }
    }
    var annotationBytes = 0
    for (key, value) in object.annotations {
      causes += LabelSyntax.keyProblems(key.lowercased()).map { invalid("metadata.annotations", key, $0) }
      annotationBytes += key.utf8.count + value.utf8.count
    }
    if annotationBytes > maximumAnnotationBytes {
      causes.append(
        KubeError.Cause(
          reason: "FieldValueTooLong",
          message: "Too long: may not be more than \(maximumAnnotationBytes) bytes",
          field: "metadata.annotations"))
    }
    return causes
  }

  private static let maximumAnnotationBytes = 256 << 10

  private static func invalid(_ field: String, _ value: String, _ problem: String) -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueInvalid", message: "Invalid value: \"\(value)\": \(problem)", field: field)
  }

  private static func problem(_ name: String, _ rule: ResourceStrategy.NameRule) -> String? {
    switch rule {
    case .subdomain: return LabelSyntax.subdomainProblems(name).first
    case .label: return LabelSyntax.dnsLabelProblems(name).first
    case .label1035:
      let startsWithLetter = name.utf8.first.map { (97...122).contains($0) } ?? false
      if startsWithLetter && LabelSyntax.dnsLabelProblems(name).isEmpty { return nil }
      return
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
        + " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for"
        + " validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
    case .pathSegment:
      if name == "." || name == ".." { return "may not be '\(name)'" }
      return name.contains("/") || name.contains("%") ? "may not contain '/' or '%'" : nil
    }
  }
}
