public import Basics
internal import Formats

/// The V2 answer: `{"model_name", "model_version", "id", "parameters", "outputs": [{name, shape, datatype,
/// parameters, data}]}` with row-major flat data.
public enum V2Response {
  /// - Parameter outputs: each checked to hold as many values as its shape says.
  public static func encode(model: String, id: String, outputs: [Tensor]) -> Bytes {
    var bytes = Bytes()
    bytes.reserveCapacity(160 + outputs.reduce(0) { $0 + 100 + $1.values.count * 8 })
    bytes.append(contentsOf: "{\"model_name\":".utf8)
    JSONText.writeString(model, into: &bytes)
    bytes.append(contentsOf: ",\"model_version\":null,\"id\":".utf8)
    JSONText.writeString(id, into: &bytes)
    bytes.append(contentsOf: ",\"parameters\":null,\"outputs\":[".utf8)
    for (index, output) in outputs.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      write(output, into: &bytes)
    }
    bytes.append(contentsOf: "]}".utf8)
    return bytes
  }

  private static func write(_ output: Tensor, into bytes: inout Bytes) {
    bytes.append(contentsOf: "{\"name\":".utf8)
    JSONText.writeString(output.name, into: &bytes)
    bytes.append(contentsOf: ",\"shape\":[".utf8)
    bytes.append(contentsOf: output.shape.map(String.init).joined(separator: ",").utf8)
    bytes.append(
      contentsOf: "],\"datatype\":\"\(output.datatype.rawValue)\",\"parameters\":null,\"data\":[".utf8)
    TensorText.write(output.values, 0..<output.values.count, into: &bytes)
    bytes.append(contentsOf: "]}".utf8)
  }
}
