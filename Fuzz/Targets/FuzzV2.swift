// fuzz: module=InferenceProtocol reader=Sources/Protocols/InferenceProtocol/V2
import Formats
import InferenceProtocol

private let limits = InferenceLimits(elements: 1 << 16, tensors: 64)

/// Any bytes as a V2 request. The first two bytes tell how long its JSON is; with 0 all of the rest is.
/// Refused, or tensors whose counts fit their shapes, the same whether the body is owned or not, and whose
/// answers are read back as they were.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzV2(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count >= 2 else { return 0 }
  let length = Int(start[0]) | Int(start[1]) << 8
  let body = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
  let jsonBytes = length == 0 ? nil : length
  let request = body.withUnsafeBytes { buffer in
    try? V2Request.decode(buffer, jsonBytes: jsonBytes, model: "m", limits: limits)
  }
  let owned = body.withUnsafeBytes { buffer in
    try? V2Request.decode(buffer, jsonBytes: jsonBytes, owner: body[...], model: "m", limits: limits)
  }
  guard (request == nil) == (owned == nil) else { fatalError("owned bodies are read otherwise") }
  guard let request else { return 0 }
  for input in request.inputs {
    guard Tensor.elementCount(of: input.shape) == input.values.count else {
      fatalError("a tensor's elements do not fill its shape")
    }
    #if PLANTED_BUG
      if case .float32(let numbers) = input.values, jsonBytes != nil, numbers.contains(where: { $0 < 0 }) {
        fatalError("planted bug")
      }
    #endif
  }
  _ = request.modelInputs
  _ = try? request.select(request.inputs, model: "m")
  guard
    let answer = try? V2Response.encode(
      model: "m", id: request.id ?? "", outputs: request.inputs, isBinary: { _ in true }),
    let jsonLength = answer.jsonBytes,
    let json = try? JSONValue(parsing: answer.body[..<jsonLength]), let outputs = json["outputs"]?.array
  else { fatalError("the answer is no JSON") }
  var offset = jsonLength
  for (output, input) in zip(outputs, request.inputs) {
    guard let size = output.at("parameters", "binary_data_size")?.int.flatMap({ Int(exactly: $0) }),
      size == input.values.binarySize, offset + size <= answer.body.count
    else { fatalError("an output's size is wrong") }
    offset += size
  }
  guard offset == answer.body.count else { fatalError("the answer has bytes that belong to no output") }
  return 0
}
