/// A JSON or UBJSON document of a model. Arrays of numbers, which make up nearly all of it, are read only
/// when they are asked for: the document is valid as long as the file's bytes are lent.
enum ModelDocument {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case numbers(NumberList)
  case array([ModelDocument])
  case object([Member])

  struct Member {
    let key: String
    let value: ModelDocument
  }

  /// How deep containers may lie in each other.
  static let maximumDepth = 64

  subscript(key: String) -> ModelDocument? {
    guard case .object(let members) = self else { return nil }
    let count = key.utf8.count
    // By index, since a member that is taken out to be looked at is counted. Most keys have another length.
    for index in members.indices.reversed()
    where members[index].key.utf8.count == count && members[index].key == key {
      return members[index].value
    }
    return nil
  }

  func required(_ key: String) throws(ModelFileError) -> ModelDocument {
    guard let value = self[key] else { throw .corrupt(offset: nil, "it has no '\(key)'") }
    return value
  }

  var text: String? {
    switch self {
    case .string(let text): text
    default: nil
    }
  }

  /// A number, or a text that is one, as XGBoost writes its parameters.
  var integer: Int? {
    switch self {
    case .number(let number): Int(exactly: number)
    case .string(let text): Int(text)
    case .boolean(let flag): flag ? 1 : 0
    default: nil
    }
  }

  /// An array of numbers; booleans count as 0 and 1.
  var doubles: [Double]? {
    switch self {
    case .numbers(let list): return list.doubles
    case .array(let values):
      var numbers: [Double] = []
      numbers.reserveCapacity(values.count)
      for value in values {
        switch value {
        case .number(let number): numbers.append(number)
        case .boolean(let flag): numbers.append(flag ? 1 : 0)
        default: return nil
        }
      }
      return numbers
    default: return nil
    }
  }

  /// - Parameter count: how many there probably are.
  func floats(expecting count: Int) -> [Float]? {
    if case .numbers(let list) = self { return list.floats(expecting: count) }
    return doubles?.map { Float($0) }
  }

  /// Nil where something in it is no integer of 32 bits.
  func integers(expecting count: Int) -> [Int32]? {
    if case .numbers(let list) = self { return list.integers(expecting: count) }
    guard let numbers = doubles else { return nil }
    let integers = numbers.compactMap { Int32(exactly: $0) }
    return integers.count == numbers.count ? integers : nil
  }

  /// 1 is true.
  func flags(expecting count: Int) -> [Bool]? {
    if case .numbers(let list) = self { return list.flags(expecting: count) }
    return doubles?.map { $0 == 1 }
  }

  var elements: [ModelDocument]? {
    switch self {
    case .array(let values): values
    case .numbers(let list): list.doubles?.map { .number($0) }
    default: nil
    }
  }

  var texts: [String]? {
    guard let elements else { return nil }
    let texts = elements.compactMap(\.text)
    return texts.count == elements.count ? texts : nil
  }
}
