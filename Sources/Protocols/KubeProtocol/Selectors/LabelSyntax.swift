/// Kubernetes' rules for label keys, label values and DNS names, with the words that its API server uses.
public enum LabelSyntax {
  /// What is wrong with a label or annotation key: `[prefix/]name`. Empty where nothing is.
  public static func keyProblems(_ key: String) -> [String] {
    let parts = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count <= 2 else {
      return [
        "a qualified name " + nameRule
          + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
      ]
    }
    var problems: [String] = []
    if parts.count == 2 {
      let prefix = String(decoding: parts[0], as: UTF8.self)
      if prefix.isEmpty {
        problems.append("prefix part must be non-empty")
      } else {
        problems += subdomainProblems(prefix).map { "prefix part \($0)" }
      }
    }
    let name = Array(parts[parts.count - 1])
    if name.isEmpty {
      problems.append("name part must be non-empty")
    } else if name.count > 63 {
      problems.append("name part must be no more than 63 characters")
    }
    if !isName(name) { problems.append("name part " + nameRule) }
    return problems
  }

  /// What is wrong with a label value. Empty where nothing is.
  public static func valueProblems(_ value: String) -> [String] {
    var problems: [String] = []
    let bytes = Array(value.utf8)
    if bytes.count > 63 { problems.append("must be no more than 63 characters") }
    if !bytes.isEmpty && !isName(bytes) {
      problems.append(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
          + "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
          + "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
    }
    return problems
  }

  /// RFC 1123 subdomain: the names of most objects.
  public static func subdomainProblems(_ name: String) -> [String] {
    var problems: [String] = []
    if name.utf8.count > 253 { problems.append("must be no more than 253 characters") }
    let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if !labels.allSatisfy({ isDNSLabel(Array($0)) }) {
      problems.append(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
          + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
          + "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
    }
    return problems
  }

  /// RFC 1123 label: the names of namespaces, containers and the like.
  public static func dnsLabelProblems(_ name: String) -> [String] {
    var problems: [String] = []
    if name.utf8.count > 63 { problems.append("must be no more than 63 characters") }
    if !isDNSLabel(Array(name.utf8)) {
      problems.append(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
          + "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
          + "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
    }
    return problems
  }

  private static let nameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

  private static func isName(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first, let last = bytes.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
  }

  private static func isDNSLabel(_ bytes: [UInt8]) -> Bool {
    func isLower(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
    guard let first = bytes.first, let last = bytes.last else { return false }
    return isLower(first) && isLower(last) && bytes.allSatisfy { isLower($0) || $0 == 0x2D }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
