public import Basics

/// Comparison of secrets: how long it takes depends on their lengths alone.
public enum ConstantTime {
  public static func equal(_ left: Bytes, _ right: Bytes) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }

  public static func equal(_ left: String, _ right: String) -> Bool {
    equal(Bytes(left.utf8), Bytes(right.utf8))
  }
}
