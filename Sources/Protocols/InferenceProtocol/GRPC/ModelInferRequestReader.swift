internal import Formats

/// Walks over a `ModelInferRequest` once, then over each of its inputs.
struct ModelInferRequestReader {
  private var reader: ProtobufReader
  private let limits: InferenceLimits
  private var elementsLeft: Int
  private var modelName = ""
  private var modelVersion = ""
  private var id = ""
  private var parameters = JSONObject()
  private var inputs: [UnsafeRawBufferPointer] = []
  private var outputs: [V2RequestedOutput] = []
  private var rawInputs: [UnsafeRawBufferPointer] = []

  init(_ message: UnsafeRawBufferPointer, limits: InferenceLimits) {
    reader = ProtobufReader(message)
    self.limits = limits
    elementsLeft = limits.elements
  }

  mutating func read() throws(InferenceRequestError) -> ModelInferRequest {
    do throws(ProtobufError) {
      try readFields()
    } catch {
      throw InferenceRequestError(error)
    }
    guard max(inputs.count, rawInputs.count, outputs.count) <= limits.tensors else {
      throw InferenceRequestError(.tooLarge, "more than the limit of \(limits.tensors) inputs or outputs")
    }
    guard !inputs.isEmpty else {
      throw invalid("'inputs' is empty in the request for model '\(modelName)'")
    }
    guard rawInputs.isEmpty || rawInputs.count == inputs.count else {
      throw invalid(
        "the number of inputs (\(inputs.count)) does not match the expected number of raw input contents "
          + "(\(rawInputs.count)) for model '\(modelName)'.")
    }
    var request = V2Request(
      id: id.isEmpty ? nil : id, inputs: [], parameters: parameters.isEmpty ? nil : .object(parameters),
      requestedOutputs: outputs.isEmpty ? nil : outputs)
    request.inputs.reserveCapacity(inputs.count)
    for index in inputs.indices {
      let raw = rawInputs.isEmpty ? nil : rawInputs[index]
      let (tensor, parameters) = try readInput(index, raw)
      request.inputs.append(tensor)
      if let parameters {
        while request.inputParameters.count < index { request.inputParameters.append(nil) }
        request.inputParameters.append(parameters)
      }
    }
    return ModelInferRequest(
      modelName: modelName, modelVersion: modelVersion, request: request, hasRawInputs: !rawInputs.isEmpty)
  }

  private mutating func readFields() throws(ProtobufError) {
    while let tag = try reader.next() {
      switch tag.number {
      case 1: modelName = try reader.string(of: tag)
      case 2: modelVersion = try reader.string(of: tag)
      case 3: id = try reader.string(of: tag)
      case 4: try InferParameters.readEntry(try reader.payload(of: tag), into: &parameters)
      case 5: inputs.append(try reader.payload(of: tag))
      case 6: outputs.append(try Self.readOutput(try reader.payload(of: tag)))
      case 7: rawInputs.append(try reader.payload(of: tag))
      default: try reader.skip(tag)
      }
    }
  }

  private static func readOutput(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> V2RequestedOutput {
    var reader = ProtobufReader(bytes)
    var name = ""
    var parameters = JSONObject()
    while let tag = try reader.next() {
      switch tag.number {
      case 1: name = try reader.string(of: tag)
      case 2: try InferParameters.readEntry(try reader.payload(of: tag), into: &parameters)
      default: try reader.skip(tag)
      }
    }
    return V2RequestedOutput(name: name, parameters: parameters.isEmpty ? nil : .object(parameters))
  }

  // MARK: inputs

  private struct Fields {
    var name = ""
    var datatype = ""
    var shape: [Int] = []
    var parameters = JSONObject()
    var contents: UnsafeRawBufferPointer?
  }

  private mutating func readInput(
    _ index: Int, _ raw: UnsafeRawBufferPointer?
  ) throws(InferenceRequestError) -> (Tensor, JSONValue?) {
    var fields = Fields()
    do throws(ProtobufError) {
      fields = try Self.readFields(of: inputs[index], dimensions: limits.depth)
    } catch {
      throw InferenceRequestError(error)
    }
    let name = fields.name
    guard
      let datatype = DataType(rawValue: fields.datatype) ?? DataType(rawValue: fields.datatype.uppercased())
    else {
      let known = DataType.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(
        "input '\(name)': unknown datatype '\(fields.datatype.prefix(40))', expected one of \(known)")
    }
    guard fields.shape.count <= limits.depth else {
      throw InferenceRequestError(
        .tooLarge, "input '\(name)': 'shape' has more than \(limits.depth) dimensions")
    }
    guard fields.shape.allSatisfy({ $0 >= 0 }) else {
      throw invalid("input '\(name)': 'shape' \(fields.shape) has a negative length")
    }
    guard let count = Tensor.elementCount(of: fields.shape), count <= elementsLeft,
      fields.shape.allSatisfy({ $0 <= limits.elements })
    else {
      throw InferenceRequestError(
        .tooLarge,
        "input '\(name)': shape \(fields.shape) has more elements than the limit of \(limits.elements)")
    }
    let values: TensorValues
    if let raw {
      values = try readRaw(raw, fields, datatype, count)
    } else {
      values = try readContents(fields, datatype, count)
    }
    elementsLeft -= count
    let parameters: JSONValue? = fields.parameters.isEmpty ? nil : .object(fields.parameters)
    return (Tensor(name: name, shape: fields.shape, values: values), parameters)
  }

  private static func readFields(
    of bytes: UnsafeRawBufferPointer, dimensions: Int
  ) throws(ProtobufError) -> Fields {
    var reader = ProtobufReader(bytes)
    var fields = Fields()
    while let tag = try reader.next() {
      switch tag.number {
      case 1: fields.name = try reader.string(of: tag)
      case 2: fields.datatype = try reader.string(of: tag)
      case 3:
        try reader.varints(of: tag) { raw in
          // One more than allowed is enough to refuse it.
          if fields.shape.count <= dimensions { fields.shape.append(Int(truncatingIfNeeded: raw)) }
        }
      case 4: try InferParameters.readEntry(try reader.payload(of: tag), into: &fields.parameters)
      case 5: fields.contents = try reader.payload(of: tag)
      default: try reader.skip(tag)
      }
    }
    return fields
  }

  private func readRaw(
    _ raw: UnsafeRawBufferPointer, _ fields: Fields, _ datatype: DataType, _ count: Int
  ) throws(InferenceRequestError) -> TensorValues {
    guard fields.contents == nil else {
      throw invalid(
        "contents field must not be specified when using raw_input_contents for input '\(fields.name)' "
          + "for model '\(modelName)'")
    }
    guard let values = TensorValues(datatype, count: count, copying: raw) else {
      let what = datatype.byteSize.map { "\($0 * count) bytes" } ?? "\(count) texts, each behind its length"
      throw invalid(
        "input '\(fields.name)': its \(raw.count) bytes of raw contents are not the \(what) that shape "
          + "\(fields.shape) of \(datatype.rawValue) needs")
    }
    return values
  }

  private func readContents(
    _ fields: Fields, _ datatype: DataType, _ count: Int
  ) throws(InferenceRequestError) -> TensorValues {
    guard let field = InferTensorContents.field(of: datatype) else {
      throw invalid(
        "input '\(fields.name)': \(datatype.rawValue) has no typed contents; send it in raw_input_contents")
    }
    let empty = UnsafeRawBufferPointer(start: nil, count: 0)
    let reading: InferTensorContents.Reading
    do throws(ProtobufError) {
      reading = try InferTensorContents.read(
        fields.contents ?? empty, datatype, field: field, capacity: count)
    } catch {
      throw InferenceRequestError(error)
    }
    switch reading {
    case .values(let values):
      guard values.count == count else {
        throw invalid(
          "input '\(fields.name)': \(InferTensorContents.name(ofField: field)) has \(values.count) elements, "
            + "but shape \(fields.shape) needs \(count)")
      }
      return values
    case .otherField(let other):
      throw invalid(
        "input '\(fields.name)': its datatype is \(datatype.rawValue), whose elements belong in "
          + "\(InferTensorContents.name(ofField: field)), not in \(InferTensorContents.name(ofField: other))")
    case .outOfRange(let number):
      throw invalid("input '\(fields.name)': expected \(datatype.rawValue), found \(number)")
    }
  }

  private func invalid(_ message: String) -> InferenceRequestError {
    InferenceRequestError(.invalid, message)
  }
}
