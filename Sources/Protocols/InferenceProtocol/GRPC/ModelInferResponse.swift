public import Formats

/// gRPC's `inference.ModelInferResponse`.
public enum ModelInferResponse {
  /// Appends the message's fields.
  /// - Parameters:
  ///   - outputs: each checked to hold as many values as its shape says.
  ///   - raw: the request's inputs were raw. FP16 and BF16 make all outputs raw.
  public static func encode(
    model: String, id: String, outputs: [Tensor], raw: Bool, form: V2ResponseForm = V2ResponseForm(),
    into writer: inout ProtobufWriter
  ) {
    let raw = raw || outputs.contains { $0.datatype == .fp16 || $0.datatype == .bf16 }
    writer.reserve(96 &+ outputs.reduce(0) { $0 &+ 64 &+ $1.values.binarySize })
    writer.field(1, model)
    writer.field(2, form.modelVersion ?? "")
    writer.field(3, id)
    InferParameters.write(form.parameters, 4, into: &writer)
    for (index, output) in outputs.enumerated() {
      let parameters = form.outputParameters.indices.contains(index) ? form.outputParameters[index] : nil
      if raw {
        writer.message(5) { write(output, parameters, into: &$0) }
      } else {
        // Contents may be long: their size is known once they are written, so they have their own buffer.
        var message = ProtobufWriter()
        message.reserve(64 &+ output.values.binarySize)
        write(output, parameters, into: &message)
        InferTensorContents.write(output.values, 5, into: &message)
        writer.element(5, message.bytes[...])
      }
    }
    guard raw else { return }
    for output in outputs { writer.rawElement(6, output.values) }
  }

  private static func write(_ output: Tensor, _ parameters: JSONValue?, into writer: inout ProtobufWriter) {
    writer.field(1, output.name)
    writer.field(2, output.datatype.rawValue)
    writer.packed(3, output.shape)
    InferParameters.write(parameters, 4, into: &writer)
  }
}

extension ProtobufWriter {
  /// A tensor's elements in binary as an element of a `repeated bytes` field.
  fileprivate mutating func rawElement(_ number: Int, _ values: TensorValues) {
    header(number, count: values.binarySize)
    appendInPlace { values.appendBinary(to: &$0) }
  }
}
