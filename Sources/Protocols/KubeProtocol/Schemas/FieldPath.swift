/// A path to a field as Kubernetes writes it: `spec.template.spec.containers[0].image`,
/// `metadata.labels[app]`.
///
/// A small stack of text, so that validation of a large object builds paths only where something is wrong.
struct FieldPath {
  private enum Step {
    case field(String)
    case index(Int)
    case key(String)
  }

  private var steps: [Step] = []

  init() {}

  /// A path that begins under another one.
  init(_ base: String) {
    if !base.isEmpty { steps = [.field(base)] }
  }

  var depth: Int { steps.count }
  var isRoot: Bool { steps.isEmpty }

  mutating func push(_ field: String) { steps.append(.field(field)) }
  mutating func push(_ index: Int) { steps.append(.index(index)) }
  mutating func push(key: String) { steps.append(.key(key)) }
  mutating func pop() { steps.removeLast() }

  var text: String {
    var text = ""
    for step in steps {
      switch step {
      case .field(let name): text += text.isEmpty ? name : ".\(name)"
      case .index(let index): text += "[\(index)]"
      case .key(let key): text += "[\(key)]"
      }
    }
    return text
  }

  func appending(_ field: String) -> String {
    let base = text
    return base.isEmpty ? field : "\(base).\(field)"
  }

  /// In quotes with the escapes that Go's `%q` uses for plain text.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case let other where other.value < 0x20 || other.value == 0x7F:
        let digits = String(other.value, radix: 16)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
      case let other: result.unicodeScalars.append(other)
      }
    }
    return result + "\""
  }
}
