/// `$(NAME)` in commands, arguments and values (Kubernetes: "Define Dependent Environment Variables"): known
/// names are replaced, unknown ones stay as they are, `$$` stands for a dollar.
enum VariableExpansion {
  /// Linux gives a program no longer argument or variable (execve(2), MAX_ARG_STRLEN). The bound also ends
  /// variables that double each other.
  static let maximumBytes = 131_072

  static func expand(
    _ text: String, _ variables: [String: String]
  ) throws(ContainerConfigurationError) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      let after = rest.index(after: dollar)
      guard after < rest.endIndex else {
        result += "$"
        return result
      }
      if rest[after] == "$" {
        result += "$"
        rest = rest[rest.index(after: after)...]
      } else if rest[after] == "(", let close = rest[after...].firstIndex(of: ")") {
        let name = String(rest[rest.index(after: after)..<close])
        result += variables[name] ?? String(rest[dollar...close])
        guard result.utf8.count <= maximumBytes else {
          throw ContainerConfigurationError(
            description: "\"\(text.prefix(60))\" expands to more than \(maximumBytes) bytes, the longest "
              + "text that a program can be given; shorten its variables")
        }
        rest = rest[rest.index(after: close)...]
      } else {
        result += "$"
        rest = rest[after...]
      }
    }
    return result + rest
  }
}
