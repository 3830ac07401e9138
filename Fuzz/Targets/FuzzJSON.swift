// fuzz: module=Formats reader=Sources/Foundations/Formats/JSON
import Formats

/// Any bytes: the tree reader either refuses them, or what it writes is read back as the same value.
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
    if value[0]?["a"]?.int == 7 { fatalError("planted bug") }
  #endif
  guard let again = try? JSONValue(parsing: value.encoded()), again == value else {
    fatalError("what was written is not read back the same")
  }
  return 0
}
