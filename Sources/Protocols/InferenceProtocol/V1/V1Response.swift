public import Basics
internal import Formats

/// The V1 protocol's answer: `{"predictions": […]}`.
public enum V1Response {
  /// One output gives nested lists of its shape; several give one object per row, as upstream answers a
  /// `DataFrame`.
  /// - Parameters:
  ///   - outputs: each checked to hold as many values as its shape says.
  ///   - key: what the answer stands under.
  ///   - batchID: of the batch that the request was computed in, where the answer shall tell it.
  public static func encode(
    _ outputs: [Tensor], key: String = "predictions", batchID: String? = nil
  ) -> Bytes {
    var bytes = Bytes()
    bytes.reserveCapacity(64 + outputs.reduce(0) { $0 + $1.values.count } * 8)
    bytes.append(UInt8(ascii: "{"))
    if let batchID {
      bytes.append(contentsOf: "\"message\":\"\",\"batchId\":".utf8)
      JSONText.writeString(batchID, into: &bytes)
      bytes.append(UInt8(ascii: ","))
    }
    JSONText.writeString(key, into: &bytes)
    bytes.append(UInt8(ascii: ":"))
    if outputs.count == 1 {
      TensorText.writeNested(outputs[0], into: &bytes)
    } else {
      writeRows(outputs, into: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private static func writeRows(_ outputs: [Tensor], into bytes: inout Bytes) {
    let outputs = outputs.map {
      Tensor(name: $0.name, shape: $0.shape, values: TensorText.showable($0.values))
    }
    let rows = outputs.map { $0.shape.first ?? 0 }.min() ?? 0
    bytes.append(UInt8(ascii: "["))
    for row in 0..<rows {
      bytes.append(contentsOf: (row > 0 ? ",{" : "{").utf8)
      for (index, output) in outputs.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        JSONText.writeString(output.name, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        let width = output.values.count / max(1, output.shape.first ?? 1)
        let range = row * width..<(row + 1) * width
        if output.shape.count > 1 { bytes.append(UInt8(ascii: "[")) }
        TensorText.write(output.values, range, into: &bytes)
        if output.shape.count > 1 { bytes.append(UInt8(ascii: "]")) }
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: "]"))
  }
}
