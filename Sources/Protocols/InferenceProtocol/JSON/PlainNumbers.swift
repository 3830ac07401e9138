internal import Formats

/// Lists of numbers, and lists of such lists, read in one pass straight into arrays: what requests consist of
/// for the most part. Nil, with the scanner where it was, for whatever the general reader has to look at:
/// other values, other nesting, and every mistake.
enum PlainNumbers {
  /// - Parameter count: how many elements there must be.
  static func read(
    _ scanner: inout JSONScanner, of body: UnsafeRawBufferPointer, _ datatype: DataType, count: Int
  ) -> TensorValues? {
    guard count > 0, count <= body.count - scanner.offset, let start = listStart(scanner, body) else {
      return nil
    }
    switch datatype {
    case .fp32: return array(&scanner, body, start, count, .float32).map { TensorValues.float32($0) }
    case .fp64: return array(&scanner, body, start, count, .float64).map { TensorValues.float64($0) }
    case .int32: return array(&scanner, body, start, count, .int32).map { TensorValues.int32($0) }
    case .int64: return array(&scanner, body, start, count, .int64).map { TensorValues.int64($0) }
    default: return nil
    }
  }

  private static func array<Element: BitwiseCopyable>(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer, _ start: Int, _ count: Int,
    _ element: JSONNumbers.Element
  ) -> [Element]? {
    var end: Int?
    let values = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let place = buffer.baseAddress,
        let numbers = JSONNumbers.read(
          body, at: start, as: element, allowsNull: true, into: place, capacity: count),
        numbers.count == count
      else { return }
      end = numbers.end
      initialized = count
    }
    guard let end else { return nil }
    scanner.move(to: end)
    return values
  }

  /// Numbers whose type and shape are what they are: a list of rows, or of numbers.
  static func readInferred(
    _ scanner: inout JSONScanner, of body: UnsafeRawBufferPointer, _ limits: InferenceLimits
  ) -> (shape: [Int], values: TensorValues)? {
    guard limits.depth >= 2, let start = listStart(scanner, body) else { return nil }
    // Every element but the last has a comma behind it; what is not used is never touched.
    let capacity = min((body.count &- start) / 2 &+ 1, limits.elements)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity &* 8, alignment: 16)
    defer { scratch.deallocate() }
    guard let place = scratch.baseAddress,
      let numbers = JSONNumbers.read(
        body, at: start, as: .inferred, allowsNull: true, into: place, capacity: capacity)
    else { return nil }
    scanner.move(to: numbers.end)
    let values: TensorValues =
      if numbers.element == .int64 {
        .int64(copy(scratch, numbers.count))
      } else {
        .float64(copy(scratch, numbers.count))
      }
    return (numbers.depth == 1 ? [numbers.rows] : [numbers.rows, numbers.columns], values)
  }

  private static func copy<Element: BitwiseCopyable>(
    _ bytes: UnsafeMutableRawBufferPointer, _ count: Int
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<(count &* MemoryLayout<Element>.size)]))
      initialized = count
    }
  }

  private static func listStart(_ scanner: JSONScanner, _ body: UnsafeRawBufferPointer) -> Int? {
    var offset = scanner.offset
    while offset < body.count {
      switch body[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      case UInt8(ascii: "["): return offset
      default: return nil
      }
    }
    return nil
  }
}
