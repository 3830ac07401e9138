/// A numpy element type.
struct NumpyDType: Sendable, Hashable {
  enum Kind: UInt8, Sendable {
    case bool = 0x62, signed = 0x69, unsigned = 0x75, float = 0x66, complex = 0x63
    case bytes = 0x53, unicode = 0x55, void = 0x56, object = 0x4f, datetime = 0x4d, timedelta = 0x6d
  }
  /// One field of a structured type.
  struct Field: Sendable, Hashable {
    var name: String
    var offset: Int
    var dtype: NumpyDType
  }

  var kind: Kind
  /// Bytes per element.
  var itemSize: Int
  var isBigEndian = false
  var fields: [Field] = []

  init(kind: Kind, itemSize: Int, isBigEndian: Bool = false) {
    self.kind = kind
    self.itemSize = itemSize
    self.isBigEndian = isBigEndian
  }

  /// `f8`, `<i4`, `|b1`, `U3`, `V64`, `O`, …; nil where it is none of numpy's codes or its size is no
  /// possible one.
  init?(code: String) {
    var code = Substring(code)
    var isBigEndian = false
    if let first = code.first, "<>|=".contains(first) {
      isBigEndian = first == ">"
      code.removeFirst()
    }
    guard let letter = code.utf8.first, let kind = Kind(rawValue: letter == 0x61 ? 0x53 : letter) else {
      return nil
    }
    let digits = code.dropFirst().prefix { $0.isASCII && $0.isNumber }
    let size = digits.isEmpty ? 0 : Int(digits) ?? -1
    guard size >= 0, size <= 1 << 20 else { return nil }
    switch kind {
    case .object: self.init(kind: kind, itemSize: 8)
    case .unicode: self.init(kind: kind, itemSize: size * 4, isBigEndian: isBigEndian)
    case .datetime, .timedelta: self.init(kind: kind, itemSize: 8, isBigEndian: isBigEndian)
    default: self.init(kind: kind, itemSize: size, isBigEndian: isBigEndian)
    }
    guard hasPossibleSize else { return nil }
  }

  private var hasPossibleSize: Bool {
    switch kind {
    case .bool: itemSize == 1
    case .signed, .unsigned: [1, 2, 4, 8].contains(itemSize)
    case .float: [2, 4, 8, 16].contains(itemSize)
    case .complex: [8, 16, 32].contains(itemSize)
    default: true
    }
  }

  /// As numpy prints it: `float64`, `<U3`, `object`.
  var name: String {
    switch kind {
    case .bool: "bool"
    case .signed: "int\(itemSize * 8)"
    case .unsigned: "uint\(itemSize * 8)"
    case .float: "float\(itemSize * 8)"
    case .complex: "complex\(itemSize * 8)"
    case .bytes: "S\(itemSize)"
    case .unicode: "U\(itemSize / 4)"
    case .void: "V\(itemSize)"
    case .object: "object"
    case .datetime: "datetime64"
    case .timedelta: "timedelta64"
    }
  }

  /// Whether elements are Python objects, at the top or in a field.
  var hasObjects: Bool { kind == .object || fields.contains { $0.dtype.hasObjects } }
}
