internal import Formats
internal import KubeProtocol

/// Which names objects may have, and whether labels and annotations are well formed.
enum ObjectNames {
  static func check(_ object: KubeObject, _ definition: ResourceDefinition) throws(KubeError) {
    let name = object.name
    var causes: [KubeError.Cause] = []
    if name.isEmpty {
      causes.append(.required("metadata.name", "name or generateName is required"))
    } else if let problem = problem(name, definition.strategy.nameRule) {
      causes.append(.invalid("metadata.name", name, problem))
    }
    causes += metadataCauses(object, definition)
    if !causes.isEmpty {
      throw KubeError.invalid(definition.resource.groupVersionKind, name, causes)
    }
  }

  /// Labels, annotations and finalizers; checked on every write that changes metadata.
  static func metadataCauses(_ object: KubeObject, _ definition: ResourceDefinition) -> [KubeError.Cause] {
    labelCauses(object.metadata["labels"], at: "metadata.labels")
      + annotationCauses(object.metadata["annotations"], at: "metadata.annotations")
      + finalizerCauses(object.finalizers, definition)
  }

  static func labelCauses(_ labels: JSONValue?, at field: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for (key, value) in KubeObject.stringMap(labels) {
      causes += LabelSyntax.keyProblems(key).map { .invalid(field, key, $0) }
      causes += LabelSyntax.valueProblems(value).map { .invalid(field, value, $0) }
    }
    return causes
  }

  static func annotationCauses(_ annotations: JSONValue?, at field: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var bytes = 0
    for (key, value) in KubeObject.stringMap(annotations) {
      causes += LabelSyntax.keyProblems(key.lowercased()).map { .invalid(field, key, $0) }
      bytes += key.utf8.count + value.utf8.count
    }
    if bytes > maximumAnnotationBytes {
      causes.append(
        KubeError.Cause(
          reason: "FieldValueTooLong",
          message: "Too long: may not be more than \(maximumAnnotationBytes) bytes", field: field))
    }
    return causes
  }

  private static let standardFinalizers: Set<String> = ["kubernetes", "orphan", "foregroundDeletion"]

  private static func finalizerCauses(
    _ finalizers: [String], _ definition: ResourceDefinition
  ) -> [KubeError.Cause] {
    // Upstream asks for a domain only in its own kinds; definitions and custom resources go without.
    let needsDomain =
      !definition.isCustom
      && !["apiextensions.k8s.io", "gateway.networking.k8s.io"].contains(definition.resource.group)
    var causes: [KubeError.Cause] = []
    for (index, name) in finalizers.enumerated() {
      let problems = LabelSyntax.keyProblems(name)
      causes += problems.map { .invalid("metadata.finalizers", name, $0) }
      if needsDomain, problems.isEmpty, !name.contains("/"), !standardFinalizers.contains(name) {
        causes.append(
          .invalid(
            "metadata.finalizers[\(index)]", name,
            "name is neither a standard finalizer name nor is it fully qualified"))
      }
    }
    return causes
  }

  private static let maximumAnnotationBytes = 256 << 10

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
