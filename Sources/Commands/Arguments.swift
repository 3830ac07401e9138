/// A mistake in the command line: told with the usage, exit code 2.
struct UsageError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}

/// The command line of one verb: named options, switches and what is left over.
///
/// Options are spelt `--name value` or `--name=value`; underscores and dashes in names are the same.
struct Arguments {
  /// What a verb takes; anything else is a mistake that names what there is.
  struct Grammar {
    /// Options with a value, by their long name; a short one may stand for it (`-f`).
    var options: [String] = []
    var switches: [String] = []
    /// `f` → `filename`.
    var short: [Character: String] = [:]
  }

  private(set) var positional: [String] = []
  private var values: [String: [String]] = [:]
  private var given: Set<String> = []

  init(_ arguments: some Sequence<String>, grammar: Grammar) throws(UsageError) {
    var rest = Array(arguments)[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        positional += rest
        return
      }
      guard let (name, inlineValue) = try Self.optionName(argument, grammar) else {
        positional.append(argument)
        continue
      }
      if grammar.switches.contains(name) {
        guard inlineValue == nil || inlineValue == "true" || inlineValue == "false" else {
          throw UsageError(message: "--\(name) takes no value")
        }
        if inlineValue != "false" { given.insert(name) }
      } else {
        guard let value = inlineValue ?? rest.popFirst() else {
          throw UsageError(message: "--\(name) needs a value")
        }
        values[name, default: []].append(value)
      }
    }
  }

  /// The option that an argument names, with the value after `=`; nil for what is no option.
  private static func optionName(
    _ argument: String, _ grammar: Grammar
  ) throws(UsageError) -> (name: String, value: String?)? {
    if argument.hasPrefix("--") {
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "").map { $0 == "_" ? "-" : $0 }.map(String.init).joined()
      guard grammar.options.contains(name) || grammar.switches.contains(name) else {
        let known = (grammar.options + grammar.switches).sorted().map { "--" + $0 }.joined(separator: ", ")
        throw UsageError(message: "unknown option --\(name); there are: \(known)")
      }
      return (name, parts.count > 1 ? String(parts[1]) : nil)
    }
    guard argument.hasPrefix("-"), argument.count > 1, let letter = argument.dropFirst().first else {
      return nil
    }
    guard let name = grammar.short[letter] else { throw UsageError(message: "unknown option \(argument)") }
    let rest = argument.dropFirst(2)
    let value = rest.hasPrefix("=") ? rest.dropFirst() : rest
    return (name, value.isEmpty ? nil : String(value))
  }

  func has(_ name: String) -> Bool { given.contains(name) }

  /// The last value given for an option.
  func value(_ name: String) -> String? { values[name]?.last }
  func all(_ name: String) -> [String] { values[name] ?? [] }

  /// A port: 0…65535.
  func port(_ name: String) throws(UsageError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let port = Int(text), (0...65_535).contains(port) else {
      throw UsageError(message: "--\(name) takes a port from 0 (any free one) to 65535, not '\(text)'")
    }
    return port
  }
}
