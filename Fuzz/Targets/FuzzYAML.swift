// fuzz: module=Formats reader=Sources/Foundations/Formats/YAML
import Formats

/// Any bytes: refused, or documents that survive being written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzYAML(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let limits = YAMLLimits(bytes: 1 << 16, depth: 32, nodes: 2000)
  guard let documents = try? YAML.parse(bytes, limits: limits) else { return 0 }
  #if PLANTED_BUG
    if documents.first?["a"] == [1] { fatalError("planted bug") }
  #endif
  for document in documents {
    guard let again = try? YAML.parse(YAML.text(document)), again == [document] else {
      fatalError(
        "what was written is not read back the same: \(document.encodedText)\n\(YAML.text(document))")
    }
  }
  return 0
}
