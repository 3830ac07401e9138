/// Kubernetes' rules for ports: numbers, and names as in RFC 6335 §5.1 (`IANA_SVC_NAME`).
public enum PortSyntax {
  /// What is wrong with a port's number; nil where nothing is.
  public static func numberProblem(_ number: Int64) -> String? {
    (1...65_535).contains(number) ? nil : "must be between 1 and 65535, inclusive"
  }

  /// What is wrong with a port's name. Empty where nothing is.
  public static func nameProblems(_ name: String) -> [String] {
    let bytes = Array(name.utf8)
    var problems: [String] = []
    if bytes.count > 15 { problems.append("must be no more than 15 characters") }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    let hyphen = UInt8(ascii: "-")
    if bytes.isEmpty || !bytes.allSatisfy({ isLetter($0) || isDigit($0) || $0 == hyphen }) {
      problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    }
    if !bytes.contains(where: isLetter) { problems.append("must contain at least one letter (a-z)") }
    if zip(bytes, bytes.dropFirst()).contains(where: { $0 == hyphen && $1 == hyphen }) {
      problems.append("must not contain consecutive hyphens")
    }
    if bytes.first == hyphen || bytes.last == hyphen {
      problems.append("must not begin or end with a hyphen")
    }
    return problems
  }
}
