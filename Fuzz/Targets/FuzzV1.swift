// fuzz: module=InferenceProtocol reader=Sources/Protocols/InferenceProtocol/V1
import Formats
import InferenceProtocol

/// Any bytes as a V1 request: refused, or tensors whose counts fit their shapes and whose answer is JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzV1(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let body = UnsafeRawBufferPointer(start: start, count: count)
  guard let inputs = try? V1Request.decode(body, limits: InferenceLimits(elements: 1 << 16, tensors: 64))
  else {
    return 0
  }
  for input in inputs {
    guard Tensor.elementCount(of: input.shape) == input.values.count else {
      fatalError("a tensor's elements do not fill its shape")
    }
    #if PLANTED_BUG
      if input.shape == [3, 2], input.values.datatype == .int64 { fatalError("planted bug") }
    #endif
  }
  guard (try? JSONValue(parsing: V1Response.encode(inputs))) != nil else {
    fatalError("the answer is no JSON")
  }
  return 0
}
