/// An array as its file holds it; elements are decoded when a binder asks for them.
struct NumpyArray: Sendable {
  enum Storage: Sendable {
    /// `count * itemSize` bytes.
    case raw(ArraySlice<UInt8>)
    /// `count` values of an object array.
    case objects([PickleValue])
  }

  let dtype: NumpyDType
  let shape: [Int]
  let isFortranOrder: Bool
  let storage: Storage
  /// Product of `shape`.
  let count: Int

  /// nil where the storage does not hold exactly what the shape says.
  init?(dtype: NumpyDType, shape: [Int], isFortranOrder: Bool, storage: Storage) {
    guard let count = NumpyArray.count(of: shape) else { return nil }
    switch storage {
    case .raw(let bytes):
      let (size, overflow) = count.multipliedReportingOverflow(by: dtype.itemSize)
      guard !overflow, size == bytes.count, !dtype.hasObjects else { return nil }
    case .objects(let values):
      guard values.count == count else { return nil }
    }
    self.dtype = dtype
    self.shape = shape
    self.isFortranOrder = isFortranOrder && shape.count > 1
    self.storage = storage
    self.count = count
  }

  static func count(of shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
      guard dimension >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// Storage positions in row-major (C) order.
  private func forEachPosition(_ body: (Int) -> Void) {
    guard isFortranOrder else {
      for position in 0..<count { body(position) }
      return
    }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] &* shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<count {
      var position = 0
      for axis in shape.indices { position += index[axis] &* strides[axis] }
      body(position)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
  }

  /// Decodes every element in row-major order with `decode(bytes, offset)`.
  private func decodeRaw<Element>(
    field: NumpyDType.Field? = nil, _ decode: (UnsafeRawBufferPointer, Int) -> Element
  ) -> [Element]? {
    guard case .raw(let bytes) = storage else { return nil }
    let base = field?.offset ?? 0
    var values: [Element] = []
    values.reserveCapacity(count)
    bytes.withUnsafeBytes { buffer in
      forEachPosition { values.append(decode(buffer, $0 &* dtype.itemSize &+ base)) }
    }
    return values
  }

  /// About how many bytes one element takes as a `String`.
  var textBytes: Int {
    guard case .raw = storage, dtype.itemSize > 15 else { return MemoryLayout<String>.stride }
    return MemoryLayout<String>.stride + 48 + dtype.itemSize
  }

  func field(_ name: String) -> NumpyDType.Field? { dtype.fields.first { $0.name == name } }

  /// The elements as doubles, row-major; nil where they are no numbers.
  func doubles(field: NumpyDType.Field? = nil) -> [Double]? {
    let type = field?.dtype ?? dtype
    switch type.kind {
    case .float where type.itemSize <= 8: return decodeRaw(field: field) { type.double($0, $1) }
    case .bool, .signed, .unsigned:
      let isSigned = type.kind == .signed
      return decodeRaw(field: field) { buffer, offset in
        let bits = type.bits(buffer, offset)
        return isSigned ? Double(type.signExtended(bits)) : Double(bits)
      }
    default: return nil
    }
  }

  /// The elements as 64-bit integers, row-major; nil where they are not integers or do not fit.
  func integers(field: NumpyDType.Field? = nil) -> [Int64]? {
    let type = field?.dtype ?? dtype
    switch type.kind {
    case .signed: return decodeRaw(field: field) { type.signExtended(type.bits($0, $1)) }
    case .bool, .unsigned:
      guard let wide = decodeRaw(field: field, { type.bits($0, $1) }) else { return nil }
      return wide.contains { $0 > UInt64(Int64.max) } ? nil : wide.map { Int64(bitPattern: $0) }
    default: return nil
    }
  }

  func unsignedIntegers() -> [UInt64]? {
    guard dtype.kind == .unsigned || dtype.kind == .bool else { return nil }
    return decodeRaw { dtype.bits($0, $1) }
  }

  /// Text of `U` and `S` arrays, and of object arrays that hold text alone.
  func strings() -> [String]? {
    switch storage {
    case .objects(let values):
      var texts: [String] = []
      for value in values {
        guard case .string(let text) = value else { return nil }
        texts.append(text)
      }
      return texts
    case .raw:
      guard dtype.kind == .unicode || dtype.kind == .bytes else { return nil }
      guard let texts = decodeRaw({ dtype.text($0, $1) }) else { return nil }
      let valid = texts.compactMap { $0 }
      return valid.count == texts.count ? valid : nil
    }
  }
}

extension NumpyDType {
  /// Up to eight bytes of one element as an unsigned number.
  func bits(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    var bits: UInt64 = 0
    for position in 0..<itemSize {
      let byte = UInt64(buffer[offset + (isBigEndian ? itemSize - 1 - position : position)])
      bits |= byte << UInt64(8 * position)
    }
    return bits
  }

  func signExtended(_ bits: UInt64) -> Int64 {
    let shift = UInt64(64 - 8 * itemSize)
    return Int64(bitPattern: bits << shift) >> Int64(shift)
  }

  func double(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> Double {
    let bits = bits(buffer, offset)
    switch itemSize {
    case 2: return Double(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
    case 4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    default: return Double(bitPattern: bits)
    }
  }

  /// Text of a `U` or `S` element without its trailing NULs.
  func text(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> String? {
    if kind == .bytes {
      var end = itemSize
      while end > 0, buffer[offset + end - 1] == 0 { end -= 1 }
      return String(validating: buffer[offset..<(offset + end)], as: UTF8.self)
    }
    let unit = NumpyDType(kind: .unsigned, itemSize: 4, isBigEndian: isBigEndian)
    var scalars = String.UnicodeScalarView()
    var pendingNulls = 0
    for position in 0..<(itemSize / 4) {
      let code = unit.bits(buffer, offset + position * 4)
      if code == 0 {
        pendingNulls += 1
        continue
      }
      for _ in 0..<pendingNulls { scalars.append("\0") }
      pendingNulls = 0
      guard let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: code)) else { return nil }
      scalars.append(scalar)
    }
    return String(scalars)
  }
}
