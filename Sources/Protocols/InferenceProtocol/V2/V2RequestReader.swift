internal import Formats

/// Walks over a V2 request's JSON once; only `data` that comes before its `shape` or `datatype` is looked at
/// twice.
struct V2RequestReader {
  private var scanner: JSONScanner
  private let body: UnsafeRawBufferPointer
  private let model: String
  private let limits: InferenceLimits
  private var elementsLeft: Int
  /// Nil where the request says nothing of binary tensors.
  private var tail: BinaryTail?

  init(_ body: UnsafeRawBufferPointer, tail: BinaryTail?, model: String, limits: InferenceLimits) {
    scanner = JSONScanner(body)
    self.body = body
    self.tail = tail
    self.model = model
    self.limits = limits
    elementsLeft = limits.elements
  }

  mutating func read() throws(InferenceRequestError) -> V2Request {
    let token = try scanner.nextToken()
    guard case .beginObject = token else {
      throw invalid("the request must be a JSON object with 'inputs', not \(token.typeName)")
    }
    var request = V2Request(inputs: [])
    var hasInputs = false
    if !scanner.takeEnd(of: .object) {
      repeat {
        switch try scanner.nextKey() {
        case "id": request.id = try optionalText("id")
        case "parameters": request.parameters = try parameters(of: "the request")
        case "inputs":
          if hasInputs { throw invalid("'inputs' comes twice in the request for model '\(model)'") }
          request.inputs = try readInputs(&request.inputParameters)
          hasInputs = true
        case "outputs": request.requestedOutputs = try readOutputs()
        default: try scanner.skip()
        }
      } while try scanner.hasMore(in: .object)
    }
    try scanner.finish()
    guard hasInputs else { throw invalid("'inputs' is missing in the request for model '\(model)'") }
    guard !request.inputs.isEmpty else {
      throw invalid("'inputs' is empty in the request for model '\(model)'")
    }
    if let left = tail?.left, left > 0 {
      throw invalid("\(left) bytes follow the binary tensors that the inputs for model '\(model)' announce")
    }
    return request
  }

  // MARK: inputs

  private mutating func readInputs(
    _ inputParameters: inout [JSONValue?]
  ) throws(InferenceRequestError) -> [Tensor] {
    guard case .beginArray = try scanner.nextToken() else {
      throw invalid("Expected \"inputs\" to be a list")
    }
    var inputs: [Tensor] = []
    if scanner.takeEnd(of: .array) { return inputs }
    repeat {
      guard inputs.count < limits.tensors else {
        throw InferenceRequestError(.tooLarge, "more than the limit of \(limits.tensors) inputs")
      }
      let (input, parameters) = try readInput(index: inputs.count)
      inputs.append(input)
      if parameters != nil || !inputParameters.isEmpty {
        while inputParameters.count < inputs.count - 1 { inputParameters.append(nil) }
        inputParameters.append(parameters)
      }
    } while try scanner.hasMore(in: .array)
    return inputs
  }

  private mutating func readInput(index: Int) throws(InferenceRequestError) -> (Tensor, JSONValue?) {
    let token = try scanner.nextToken()
    guard case .beginObject = token else {
      throw invalid("inputs[\(index)] must be an object, not \(token.typeName)")
    }
    var fields = InputFields(label: "inputs[\(index)]")
    if !scanner.takeEnd(of: .object) {
      repeat { try readField(of: &fields) } while try scanner.hasMore(in: .object)
    }
    return (try complete(fields), fields.parameters)
  }

  private mutating func readField(of fields: inout InputFields) throws(InferenceRequestError) {
    switch try scanner.nextKey() {
    case "name":
      guard case .string = try scanner.nextToken() else {
        throw invalid("\(fields.label): 'name' must be a string")
      }
      fields.name = try scanner.text()
    case "shape":
      fields.shape = try readShape(fields.label)
      forgetValues(&fields)
    case "datatype":
      fields.datatype = try readDatatype(fields.label)
      forgetValues(&fields)
    case "parameters": fields.parameters = try parameters(of: fields.label)
    case "data":
      forgetValues(&fields)
      fields.dataOffset = scanner
      if let shape = fields.shape, let datatype = fields.datatype {
        var ahead = scanner
        fields.values = try readData(&ahead, fields, shape, datatype)
        scanner = ahead
      } else {
        try scanner.skip()
      }
    default: try scanner.skip()
    }
  }

  /// A key came a second time and its last value counts: what was read by the first one is read again.
  private mutating func forgetValues(_ fields: inout InputFields) {
    guard let values = fields.values else { return }
    elementsLeft += values.count
    fields.values = nil
  }

  /// Checks what belongs together once the whole input was seen.
  private mutating func complete(_ fields: InputFields) throws(InferenceRequestError) -> Tensor {
    guard let name = fields.name else { throw invalid("\(fields.label): 'name' is missing") }
    guard let datatype = fields.datatype else { throw invalid("\(fields.label): 'datatype' is missing") }
    guard let shape = fields.shape else { throw invalid("\(fields.label): 'shape' is missing") }
    guard var dataScanner = fields.dataOffset else {
      if let size = fields.parameters?["binary_data_size"] {
        let values = try readBinary(name, shape, datatype, size)
        return Tensor(name: name, shape: shape, values: values)
      }
      throw invalid("'data' field is missing for input '\(name)' for model '\(model)'")
    }
    let values: TensorValues
    if let known = fields.values {
      values = known
    } else {
      values = try readData(&dataScanner, fields, shape, datatype)
    }
    return Tensor(name: name, shape: shape, values: values)
  }

  private mutating func readData(
    _ scanner: inout JSONScanner, _ fields: InputFields, _ shape: [Int], _ datatype: DataType
  ) throws(InferenceRequestError) -> TensorValues {
    let label = fields.label
    guard let sink = TypedElements(datatype) else {
      let advice = "Please use the binary data format for input \(fields.name ?? label)"
      throw invalid("Receiving \(datatype.rawValue) data via JSON is not supported. \(advice)")
    }
    let expected = try elementCount(shape, label)
    let token = try scanner.peekToken()
    if case .beginArray = token {
    } else {
      throw invalid("\(label): 'data' must be a list, not \(token.typeName)")
    }
    if let values = PlainNumbers.read(&scanner, of: body, datatype, count: expected) {
      elementsLeft -= expected
      return values
    }
    var reader = NestedArrayReader(
      sink: sink, subject: "\(label) data", depthLimit: limits.depth, elementLimit: elementsLeft)
    try reader.read(&scanner)
    guard reader.elementCount == expected else {
      throw invalid(
        "\(label): 'data' has \(reader.elementCount) elements, but shape \(shape) needs \(expected)")
    }
    elementsLeft -= expected
    return reader.sink.values()
  }

  private func elementCount(_ shape: [Int], _ label: String) throws(InferenceRequestError) -> Int {
    // A dimension of zero makes any product small; the others must still be lengths that code can reserve.
    guard let expected = Tensor.elementCount(of: shape), expected <= elementsLeft,
      shape.allSatisfy({ $0 <= limits.elements })
    else {
      throw InferenceRequestError(
        .tooLarge, "\(label): shape \(shape) has more elements than the limit of \(limits.elements)")
    }
    return expected
  }

  /// Takes an input's elements from behind the JSON.
  private mutating func readBinary(
    _ name: String, _ shape: [Int], _ datatype: DataType, _ size: JSONValue
  ) throws(InferenceRequestError) -> TensorValues {
    guard let size = size.int.flatMap({ Int(exactly: $0) }), size >= 0 else {
      throw invalid("'binary_data_size' of input '\(name)' must be a length in bytes")
    }
    guard let left = tail?.left else {
      throw invalid(
        "received byte inputs, but the'inference-header-content-length' header is missing.")
    }
    let count = try elementCount(shape, "input '\(name)'")
    guard size <= left else {
      throw invalid(
        "input '\(name)' announces \(size) bytes of binary data, but only \(left) are left in the body")
    }
    guard let values = tail?.take(size, datatype, count: count) else {
      let what = datatype.byteSize.map { "\($0 * count) bytes" } ?? "\(count) texts, each behind its length"
      throw invalid(
        "input '\(name)': its \(size) bytes of binary data are not the \(what) that shape \(shape) of "
          + "\(datatype.rawValue) needs")
    }
    elementsLeft -= count
    return values
  }

  private mutating func readShape(_ label: String) throws(InferenceRequestError) -> [Int] {
    guard case .beginArray = try scanner.nextToken() else {
      throw invalid("\(label): 'shape' must be a list of integers")
    }
    var shape: [Int] = []
    if scanner.takeEnd(of: .array) { return shape }
    repeat {
      guard case .number = try scanner.nextToken(), case .integer(let length) = scanner.numberValue,
        let dimension = Int(exactly: length), dimension >= 0
      else { throw invalid("\(label): 'shape' must be a list of integers that are not negative") }
      guard shape.count < limits.depth else {
        throw InferenceRequestError(.tooLarge, "\(label): 'shape' has more than \(limits.depth) dimensions")
      }
      shape.append(dimension)
    } while try scanner.hasMore(in: .array)
    return shape
  }

  private mutating func readDatatype(_ label: String) throws(InferenceRequestError) -> DataType {
    guard case .string = try scanner.nextToken() else {
      throw invalid("\(label): 'datatype' must be a string")
    }
    let text = try scanner.text()
    guard let datatype = DataType(rawValue: text) ?? DataType(rawValue: text.uppercased()) else {
      let known = DataType.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid("\(label): unknown datatype '\(text.prefix(40))', expected one of \(known)")
    }
    return datatype
  }

  // MARK: outputs and parameters

  private mutating func readOutputs() throws(InferenceRequestError) -> [V2RequestedOutput]? {
    switch try scanner.nextToken() {
    case .null: return nil
    case .beginArray: break
    default: throw invalid("Expected \"outputs\" to be a list")
    }
    var outputs: [V2RequestedOutput] = []
    if scanner.takeEnd(of: .array) { return outputs }
    repeat {
      guard outputs.count < limits.tensors else {
        throw InferenceRequestError(.tooLarge, "more than the limit of \(limits.tensors) outputs")
      }
      outputs.append(try readOutput(index: outputs.count))
    } while try scanner.hasMore(in: .array)
    return outputs
  }

  private mutating func readOutput(index: Int) throws(InferenceRequestError) -> V2RequestedOutput {
    let output = try scanner.tree(of: body)
    guard let name = output["name"]?.string else { throw invalid("outputs[\(index)]: 'name' is missing") }
    return V2RequestedOutput(name: name, parameters: output["parameters"])
  }

  private mutating func parameters(of label: String) throws(InferenceRequestError) -> JSONValue? {
    let value = try scanner.tree(of: body)
    if value.isNull { return nil }
    guard value.object != nil else {
      throw invalid("\(label): 'parameters' must be an object, not \(value.typeName)")
    }
    return value
  }

  private mutating func optionalText(_ field: String) throws(InferenceRequestError) -> String? {
    switch try scanner.nextToken() {
    case .null: return nil
    case .string: return try scanner.text()
    case let token: throw invalid("'\(field)' must be a string, not \(token.typeName)")
    }
  }

  private func invalid(_ message: String) -> InferenceRequestError {
    InferenceRequestError(.invalid, message)
  }
}

/// What was seen of one input so far.
private struct InputFields {
  var name: String?
  var shape: [Int]?
  var datatype: DataType?
  var parameters: JSONValue?
  var values: TensorValues?
  /// The scanner as it stood before `data`.
  var dataOffset: JSONScanner?
  private let position: String

  init(label: String) { position = label }

  /// `input 'x'` once the name is known, else its place.
  var label: String { name.map { "input '\($0)'" } ?? position }
}
