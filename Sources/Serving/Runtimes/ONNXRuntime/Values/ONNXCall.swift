internal import CONNXRuntime
internal import InferenceProtocol

/// One run of a session: binds the inputs' memory, lets the library compute, takes the outputs. Lives on one
/// thread's stack of calls; values point into the request's arrays for the time of `run` only.
struct ONNXCall {
  let session: ONNXSession
  let inputs: [BoundInput]
  let outputIndices: [Int]
  /// Nil where the library makes the output.
  let shapes: [[Int]?]
  let options: OpaquePointer?

  private var inputValues: [OpaquePointer?] = []
  private var outputValues: [OpaquePointer?] = []
  private var results: [TensorValues?]

  init(
    session: ONNXSession, inputs: [BoundInput], outputIndices: [Int], shapes: [[Int]?],
    options: OpaquePointer?
  ) {
    self.session = session
    self.inputs = inputs
    self.outputIndices = outputIndices
    self.shapes = shapes
    self.options = options
    results = [TensorValues?](repeating: nil, count: outputIndices.count)
    inputValues.reserveCapacity(inputs.count)
    outputValues.reserveCapacity(outputIndices.count)
  }

  private var library: ONNXLibrary { session.library }

  mutating func run() throws(ONNXError) -> [Tensor] {
    defer {
      for value in outputValues { if let value { apus_ort_value_release(library.pointer, value) } }
    }
    if let failure = bindInput(0) { throw failure }
    var tensors: [Tensor] = []
    tensors.reserveCapacity(outputIndices.count)
    for (position, index) in outputIndices.enumerated() {
      let place = session.outputs[index]
      if let values = results[position], let shape = shapes[position] {
        tensors.append(Tensor(name: place.name, shape: shape, values: values))
      } else if let value = outputValues[position] {
        tensors.append(try OutputReader(library: library).read(value, place))
      }
    }
    return tensors
  }

  // Arrays lend their memory to closures only, so binding goes one level deeper with each tensor and the run
  // itself happens innermost.
  private mutating func bindInput(_ index: Int) -> ONNXError? {
    guard index < inputs.count else { return bindOutput(0) }
    let library = library.pointer
    switch inputs[index].values {
    case .bool(let values): return values.withUnsafeBytes { bind($0, 1, index) }
    case .int8(let values): return values.withUnsafeBytes { bind($0, 1, index) }
    case .uint8(let values): return values.withUnsafeBytes { bind($0, 1, index) }
    case .int16(let values): return values.withUnsafeBytes { bind($0, 2, index) }
    case .uint16(let values): return values.withUnsafeBytes { bind($0, 2, index) }
    case .int32(let values): return values.withUnsafeBytes { bind($0, 4, index) }
    case .uint32(let values): return values.withUnsafeBytes { bind($0, 4, index) }
    case .float32(let values): return values.withUnsafeBytes { bind($0, 4, index) }
    case .int64(let values): return values.withUnsafeBytes { bind($0, 8, index) }
    case .uint64(let values): return values.withUnsafeBytes { bind($0, 8, index) }
    case .float64(let values): return values.withUnsafeBytes { bind($0, 8, index) }
    case .strings(let texts):
      return bindTexts(index) { value, position in
        var text = texts[position]
        return text.withUTF8 { apus_ort_value_set_text(library, value, position, $0.baseAddress, $0.count) }
      }
    case .raw(let elements):
      if let size = elements.datatype.byteSize {
        return elements.bytes.withUnsafeBytes { bind($0, size, index) }
      }
      let slices = elements.textSlices
      return bindTexts(index) { value, position in
        slices[position].withUnsafeBytes {
          apus_ort_value_set_text(library, value, position, $0.baseAddress, $0.count)
        }
      }
    }
  }

  private mutating func bind(_ bytes: UnsafeRawBufferPointer, _ size: Int, _ index: Int) -> ONNXError? {
    // The library's kernels load whole elements: memory where they lie askew (a binary tensor behind a JSON
    // header of odd length) is copied first.
    guard let start = bytes.baseAddress, Int(bitPattern: start) % size == 0 else {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, bytes.count), alignment: 64)
      defer { copy.deallocate() }
      copy.copyMemory(from: bytes)
      return bind(UnsafeMutableRawPointer(copy.baseAddress), bytes.count, index)
    }
    return bind(UnsafeMutableRawPointer(mutating: start), bytes.count, index)
  }

  private mutating func bind(_ memory: UnsafeMutableRawPointer?, _ byteCount: Int, _ index: Int) -> ONNXError?
  {
    let input = inputs[index]
    let shape = input.shape.map { Int64($0) }
    var value: OpaquePointer?
    let status = apus_ort_value_over(
      library.pointer, memory, byteCount, shape, shape.count, input.datatype.onnxElementType, &value)
    return withInput(value, status, index)
  }

  private mutating func bindTexts(
    _ index: Int, _ set: (OpaquePointer, Int) -> OpaquePointer?
  ) -> ONNXError? {
    let shape = inputs[index].shape.map { Int64($0) }
    var value: OpaquePointer?
    var status = apus_ort_value_texts(library.pointer, shape, shape.count, &value)
    if status == nil, let value {
      for position in 0..<inputs[index].values.count where status == nil { status = set(value, position) }
    }
    return withInput(value, status, index)
  }

  private mutating func withInput(_ value: OpaquePointer?, _ status: OpaquePointer?, _ index: Int)
    -> ONNXError?
  {
    defer { if let value { apus_ort_value_release(library.pointer, value) } }
    if let failure = library.failure(status) { return failure }
    inputValues.append(value)
    return bindInput(index + 1)
  }

  private mutating func bindOutput(_ position: Int) -> ONNXError? {
    guard position < outputIndices.count else { return compute() }
    guard let shape = shapes[position], let count = Tensor.elementCount(of: shape) else {
      outputValues.append(nil)
      return bindOutput(position + 1)
    }
    switch session.outputs[outputIndices[position]].datatype {
    case .bool: return bindOutput(position, count, TensorValues.bool)
    case .int8: return bindOutput(position, count, TensorValues.int8)
    case .int16: return bindOutput(position, count, TensorValues.int16)
    case .int32: return bindOutput(position, count, TensorValues.int32)
    case .int64: return bindOutput(position, count, TensorValues.int64)
    case .uint8: return bindOutput(position, count, TensorValues.uint8)
    case .uint16: return bindOutput(position, count, TensorValues.uint16)
    case .uint32: return bindOutput(position, count, TensorValues.uint32)
    case .uint64: return bindOutput(position, count, TensorValues.uint64)
    case .fp32: return bindOutput(position, count, TensorValues.float32)
    case .fp64: return bindOutput(position, count, TensorValues.float64)
    case .fp16, .bf16, .bytes:
      let datatype = session.outputs[outputIndices[position]].datatype
      return bindOutput(position, count * 2) { (bytes: [UInt8]) in
        RawElements(datatype, count: count, bytes: bytes[...]).map(TensorValues.raw)
      }
    }
  }

  private mutating func bindOutput<Element: BitwiseCopyable>(
    _ position: Int, _ count: Int, _ wrap: ([Element]) -> TensorValues?
  ) -> ONNXError? {
    var failure: ONNXError?
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      failure = bindOutput(position, UnsafeMutableRawBufferPointer(buffer), count)
      initialized = failure == nil ? count : 0
    }
    if failure == nil { results[position] = wrap(elements) }
    return failure
  }

  private mutating func bindOutput(
    _ position: Int, _ memory: UnsafeMutableRawBufferPointer, _ count: Int
  ) -> ONNXError? {
    let place = session.outputs[outputIndices[position]]
    let shape = (shapes[position] ?? []).map { Int64($0) }
    var value: OpaquePointer?
    // The array may have room for more than was asked for.
    let byteCount = (Tensor.elementCount(of: shapes[position] ?? []) ?? 0) * (place.datatype.byteSize ?? 1)
    let status = apus_ort_value_over(
      library.pointer, memory.baseAddress, min(byteCount, memory.count), shape, shape.count,
      place.datatype.onnxElementType, &value)
    if let failure = library.failure(status) { return failure }
    outputValues.append(value)
    return bindOutput(position + 1)
  }

  private mutating func compute() -> ONNXError? {
    let status = apus_ort_run(
      session.pointer, options, inputs.map(\.number), inputValues, inputs.count, outputIndices,
      &outputValues, outputIndices.count)
    return library.failure(status)
  }
}
