internal import CShims

/// Long lists by vector instructions, where the processor has them; see `shims_number_lists.h`.
extension JSONNumbers {
  /// Shorter texts are done before the vectors are set up.
  private static let leastBytes = 512

  private static let isSupported = apus_number_lists_supported() != 0

  /// - Returns: nil where the other reader must look: for other types, short lists, and whatever is wrong.
  static func readByVectors(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ element: Element, _ allowsNull: Bool,
    _ buffer: UnsafeMutableRawPointer, _ capacity: Int
  ) -> JSONNumbers? {
    guard bytes.count &- offset >= leastBytes, element != .int32, element != .int64, isSupported,
      let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    else { return nil }
    let form = element == .float32 ? APUS_NUMBERS_FLOAT : APUS_NUMBERS_DOUBLE
    var resolver = NumberResolver(
      start: start, end: start + bytes.count, allowsNull: allowsNull, isInferred: element == .inferred)
    var list = apus_number_list()
    let isRead = withUnsafeMutablePointer(to: &resolver) { resolver in
      apus_number_list_read(
        start, bytes.count, offset, Int32(form), buffer, capacity,
        { context, start, end, value in
          guard let context, let value else { return 0 }
          let resolver = context.assumingMemoryBound(to: NumberResolver.self)
          return resolver.pointee.resolve(Int(start), Int(end), value) ? 1 : 0
        }, resolver, &list)
    }
    guard isRead != 0 else { return nil }
    var numbers = JSONNumbers()
    numbers.count = list.count
    numbers.depth = Int(list.depth)
    numbers.rows = list.rows
    numbers.columns = list.columns
    numbers.end = list.end
    numbers.element = element
    guard element == .inferred else { return numbers }
    let isDouble = list.has_fractions != 0 || resolver.hasDoubles
    if !isDouble {
      // Those may have more digits than a double.
      if resolver.hasIntegers { return nil }
      apus_number_list_make_integers(buffer, list.count)
    }
    numbers.element = isDouble ? .float64 : .int64
    return numbers
  }
}

/// Reads what the vectors cannot tell, with the other reader's rules.
private struct NumberResolver {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  let allowsNull: Bool
  let isInferred: Bool
  var hasDoubles = false
  var hasIntegers = false

  /// - Returns: false for what is no number, or one that is infinite.
  mutating func resolve(_ first: Int, _ last: Int, _ value: UnsafeMutablePointer<Double>) -> Bool {
    var cursor = JSONNumberCursor(at: start + first, end: end)
    if cursor.peek() == UInt8(ascii: "n") {
      guard allowsNull, cursor.takeNull(), cursor.position == start + last else { return false }
      hasDoubles = true
      value.pointee = .nan
      return true
    }
    guard let number = cursor.number(), cursor.position == start + last else { return false }
    if isInferred, let integer = number.integer {
      hasIntegers = true
      value.pointee = Double(integer)
      return true
    }
    guard let double = number.double else { return false }
    hasDoubles = true
    value.pointee = double
    return true
  }
}
