// fuzz: module=InferenceProtocol reader=Sources/Protocols/InferenceProtocol/GRPC
import Formats
import InferenceProtocol

private func decode(_ message: UnsafeRawBufferPointer) -> ModelInferRequest? {
  try? ModelInferRequest.decode(message, limits: InferenceLimits(elements: 1 << 16, tensors: 64))
}

/// Any bytes as a `ModelInferRequest`: refused, or tensors whose counts fit their shapes; what is written of
/// them is read back the same, and the view of a simple request agrees with the general reader.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGRPC(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let message = UnsafeRawBufferPointer(start: start, count: count)
  _ = ModelInferRequest.typedBytes(message)
  let decoded = decode(message)
  if let view = ModelInferView(message) {
    guard view.values.count == view.rows * view.columns * (view.datatype.byteSize ?? 0) else {
      fatalError("the view's values do not fill its shape")
    }
    if let decoded {
      var bytes: [UInt8] = []
      decoded.request.inputs[0].values.appendBinary(to: &bytes)
      guard decoded.request.inputs.count == 1, decoded.request.inputs[0].shape == [view.rows, view.columns],
        bytes.elementsEqual(view.values)
      else { fatalError("the view sees another request than the reader") }
    }
  }
  guard let decoded else { return 0 }
  for input in decoded.request.inputs {
    guard Tensor.elementCount(of: input.shape) == input.values.count else {
      fatalError("a tensor's elements do not fill its shape")
    }
    #if PLANTED_BUG
      if case .int8(let numbers) = input.values, numbers == [7] { fatalError("planted bug") }
    #endif
  }
  let form = V2ResponseForm(parameters: decoded.request.parameters)
  for raw in [true, false] {
    var writer = ProtobufWriter()
    ModelInferResponse.encode(
      model: "m", id: "1", outputs: decoded.request.inputs, raw: raw, form: form, into: &writer)
    // An answer with typed contents has the fields of a request.
    let isTyped = !raw && decoded.request.inputs.allSatisfy { $0.datatype != .fp16 && $0.datatype != .bf16 }
    guard isTyped else { continue }
    guard let again = writer.bytes.withUnsafeBytes({ decode($0) }) else {
      fatalError("what was written is not read back")
    }
    for (one, other) in zip(decoded.request.inputs, again.request.inputs) {
      var bytes: [UInt8] = []
      var others: [UInt8] = []
      one.values.appendBinary(to: &bytes)
      other.values.appendBinary(to: &others)
      guard one.shape == other.shape, bytes == others else { fatalError("a tensor changed on its way") }
    }
  }
  return 0
}
