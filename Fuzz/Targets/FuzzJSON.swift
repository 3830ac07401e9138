// fuzz: module=Formats reader=Sources/Foundations/Formats/JSON
import Formats

/// Any bytes: the tree reader either refuses them, or what it writes (close or spread out) is read back as the
/// same value, and every part of it can be asked for and changed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  var scanner = JSONScanner(UnsafeRawBufferPointer(bytes))
  let skips = (try? scanner.skipValue(depth: 64)) != nil && (try? scanner.expectEnd()) != nil
  guard let value = try? JSONValue(parsing: bytes, limits: JSONLimits(depth: 64, bytes: 1 << 20)) else {
    return 0
  }
  guard skips else { fatalError("the reader takes what the scanner refuses") }
  #if PLANTED_BUG
    if let number = value[0]?["a"]?.int, number > 9 { fatalError("planted bug") }
  #endif
  for text in [value.encoded(), Array(value.prettyText().utf8)] {
    guard let again = try? JSONValue(parsing: text), again == value else {
      fatalError("what was written is not read back the same")
    }
  }
  visit(value)
  change(value)
  return 0
}

private func visit(_ value: JSONValue) {
  guard !value.typeName.isEmpty, value[-1] == nil else { fatalError("a value without a type") }
  switch value {
  case .null: guard value.isNull, value.double == nil else { fatalError("null is something") }
  case .bool(let flag): guard value.bool == flag, value.string == nil else { fatalError("another truth") }
  case .string(let text): guard value.string == text, value.bool == nil else { fatalError("another text") }
  case .number(let number): compare(number)
  case .array(let values):
    guard value.array?.count == values.count, value.object == nil else { fatalError("another array") }
    for (index, element) in values.enumerated() {
      guard value[index] == element else { fatalError("another element") }
      visit(element)
    }
  case .object(let object):
    guard value.object == object, value.array == nil else { fatalError("another object") }
    for member in object {
      guard object.contains(member.key), value.at(member.key) == member.value else {
        fatalError("a member that is not there")
      }
      visit(member.value)
    }
  }
}

/// The scanner's own reading of numbers against the standard library's.
private func compare(_ number: JSONNumber) {
  let right = number.double
  let text = Array(number.text.utf8)
  text.withUnsafeBytes { bytes in
    var scanner = JSONScanner(bytes)
    guard (try? scanner.next()) != nil else { fatalError("a number that is none") }
    guard scanner.doubleValue.bitPattern == right.bitPattern else {
      fatalError("\(number.text) is read as \(scanner.doubleValue)")
    }
    switch scanner.numberValue {
    case .integer(let integer): guard integer == number.int64 else { fatalError("another integer") }
    case .double(let double):
      guard double.bitPattern == right.bitPattern else { fatalError("another double") }
    }
  }
  if let written = JSONNumber(right), written.double != right { fatalError("a number changed on its way") }
}

private func change(_ value: JSONValue) {
  var changed = value
  changed.set(value, at: "a", "b", "c")
  guard changed.at("a", "b", "c") == value else { fatalError("what was set is not there") }
  changed.set(nil, at: "a", "b")
  changed.set(nil, at: "missing", "too")
  guard changed.at("a", "b") == nil, changed.hashValue == changed.hashValue else {
    fatalError("what was removed is there")
  }
}
