public import Formats

/// A hash of JSON that is the same in every process and for every order of members.
public enum StableHash {
  /// FNV-1a, 64 bits, over the canonical form.
  public static func of(_ value: JSONValue, seed: String = "") -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in canonical(value).encoded() + Array(seed.utf8) {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return hash
  }

  /// The hash in the letters of generated names, at most `length` of them.
  public static func name(_ value: JSONValue, seed: String = "", length: Int = 10) -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    var rest = of(value, seed: seed)
    var text = ""
    while text.count < length {
      text.append(alphabet[Int(rest % UInt64(alphabet.count))])
      rest /= UInt64(alphabet.count)
    }
    return text
  }

  /// Members sorted, nulls left out.
  public static func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object):
      let members = object.members.filter { !$0.value.isNull }.sorted { $0.key < $1.key }
      return .object(JSONObject(members.map { ($0.key, canonical($0.value)) }))
    case .array(let elements): return .array(elements.map(canonical))
    default: return value
    }
  }
}
