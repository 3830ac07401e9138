extension HTTPHeaders {
  /// The scanned fields as strings; nil where a value is not valid UTF-8 and `repairing` is false.
  static func make(_ bytes: UnsafeRawBufferPointer, _ scanner: HTTPHeadScanner, repairing: Bool)
    -> HTTPHeaders?
  {
    var headers = HTTPHeaders()
    headers.reserve(scanner.fields.count)
    for field in scanner.fields {
      let raw = UnsafeRawBufferPointer(rebasing: bytes[field.value])
      let value: String
      if scanner.hasHighBytes && !repairing {
        guard let valid = String(validating: raw, as: UTF8.self) else { return nil }
        value = valid
      } else {
        value = String(decoding: raw, as: UTF8.self)
      }
      headers.append(HTTPCharacters.string(bytes, field.name), value)
    }
    return headers
  }
}
