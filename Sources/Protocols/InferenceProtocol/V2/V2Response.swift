public import Basics
internal import Formats

/// The V2 answer: `{"model_name", "model_version", "id", "parameters", "outputs": [{name, shape, datatype,
/// parameters, data}]}` with row-major flat data, and behind it the outputs that are wanted in binary.
public struct V2Response: Sendable, Hashable {
  public var body: Bytes
  /// How many of the body's bytes are JSON, where binary outputs follow (`Inference-Header-Content-Length`).
  public var jsonBytes: Int?

  /// Binary outputs that follow the body where the encoder was told to keep long ones.
  public var tensors: [TensorValues] = []

  /// Shorter ones are cheaper copied.
  private static let longBytes = 64 * ByteCount.kibibyte

  public init(body: Bytes, jsonBytes: Int? = nil) {
    self.body = body
    self.jsonBytes = jsonBytes
  }

  /// - Parameters:
  ///   - outputs: each checked to hold as many values as its shape says.
  ///   - keepsLong: leave long binary outputs, and those that follow one, to `tensors`.
  ///   - isBinary: whether the output at a position goes behind the JSON.
  /// - Throws: `invalid` for an output that has no JSON form.
  public static func encode(
    model: String, id: String, outputs: [Tensor], form: V2ResponseForm = V2ResponseForm(),
    keepsLong: Bool = false, isBinary: (Int) -> Bool = { _ in false }
  ) throws(InferenceRequestError) -> V2Response {
    let binary = outputs.indices.map(isBinary)
    var bytes = Bytes()
    bytes.reserveCapacity(capacity(outputs, binary, keepsLong))
    bytes.append(contentsOf: "{\"model_name\":".utf8)
    JSONText.writeString(model, into: &bytes)
    write("model_version", form.modelVersion.map { .string($0) }, form.absentVersion, into: &bytes)
    bytes.append(contentsOf: ",\"id\":".utf8)
    JSONText.writeString(id, into: &bytes)
    write("parameters", form.parameters, form.absentParameters, into: &bytes)
    bytes.append(contentsOf: ",\"outputs\":[".utf8)
    for (index, output) in outputs.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      let parameters = form.outputParameters.indices.contains(index) ? form.outputParameters[index] : nil
      try write(output, parameters, form.absentOutputParameters, isBinary: binary[index], into: &bytes)
    }
    bytes.append(contentsOf: "]}".utf8)
    guard binary.contains(true) else { return V2Response(body: bytes) }
    let jsonBytes = bytes.count
    var tensors: [TensorValues] = []
    for (index, output) in outputs.enumerated() where binary[index] {
      if keepsLong, !tensors.isEmpty || output.values.binarySize >= longBytes {
        tensors.append(output.values.lendable)
      } else {
        output.values.appendBinary(to: &bytes)
      }
    }
    var response = V2Response(body: bytes, jsonBytes: jsonBytes)
    response.tensors = tensors
    return response
  }

  private static func capacity(_ outputs: [Tensor], _ binary: [Bool], _ keepsLong: Bool) -> Int {
    var total = 160
    for (index, output) in outputs.enumerated() {
      let size = binary[index] ? output.values.binarySize : output.values.count &* 8
      total &+= 140 &+ (keepsLong && binary[index] && size >= longBytes ? 0 : size)
    }
    return total
  }

  private static func write(
    _ output: Tensor, _ parameters: JSONValue?, _ absence: V2ResponseForm.Absence, isBinary: Bool,
    into bytes: inout Bytes
  ) throws(InferenceRequestError) {
    bytes.append(contentsOf: "{\"name\":".utf8)
    JSONText.writeString(output.name, into: &bytes)
    bytes.append(contentsOf: ",\"shape\":[".utf8)
    for (index, length) in output.shape.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      TensorText.write(integer: length, into: &bytes)
    }
    bytes.append(contentsOf: "],\"datatype\":\"".utf8)
    bytes.append(contentsOf: output.datatype.rawValue.utf8)
    bytes.append(UInt8(ascii: "\""))
    if isBinary {
      var all = parameters?.object ?? JSONObject()
      all["binary_data_size"] = .int(output.values.binarySize)
      write("parameters", .object(all), .omitted, into: &bytes)
    } else {
      if output.datatype == .fp16 || output.datatype == .bf16 {
        throw InferenceRequestError(
          .invalid,
          "Sending \(output.datatype.rawValue) data via JSON is not supported. Please use the binary data "
            + "format for output \(output.name)")
      }
      write("parameters", parameters, absence, into: &bytes)
      bytes.append(contentsOf: ",\"data\":[".utf8)
      TensorText.write(output.values, 0..<output.values.count, into: &bytes)
      bytes.append(UInt8(ascii: "]"))
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private static func write(
    _ name: String, _ value: JSONValue?, _ absence: V2ResponseForm.Absence, into bytes: inout Bytes
  ) {
    if value == nil, case .omitted = absence { return }
    bytes.append(contentsOf: ",\"".utf8)
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: "\":".utf8)
    if let value {
      value.write(into: &bytes)
    } else if case .emptyObject = absence {
      bytes.append(contentsOf: "{}".utf8)
    } else {
      bytes.append(contentsOf: "null".utf8)
    }
  }
}
