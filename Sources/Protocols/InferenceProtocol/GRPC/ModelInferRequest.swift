internal import Basics
public import Formats

/// gRPC's `inference.ModelInferRequest`: the model it names and the request it makes of it.
public struct ModelInferRequest: Sendable {
  public var modelName: String
  /// Empty where the client leaves the choice to the server.
  public var modelVersion: String
  public var request: V2Request
  /// The inputs came as raw bytes: so go the outputs.
  public var hasRawInputs: Bool

  public init(modelName: String, modelVersion: String = "", request: V2Request, hasRawInputs: Bool = false) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.request = request
    self.hasRawInputs = hasRawInputs
  }

  /// - Parameter message: read in place; tensors are copied out of it.
  public static func decode(
    _ message: UnsafeRawBufferPointer, limits: InferenceLimits = InferenceLimits()
  ) throws(InferenceRequestError) -> ModelInferRequest {
    var reader = ModelInferRequestReader(message, limits: limits)
    return try reader.read()
  }

  /// How many of the message's bytes are typed elements of variable length, which take far longer to decode
  /// than raw ones; nil for a malformed message.
  public static func typedBytes(_ message: UnsafeRawBufferPointer) -> Int? {
    var reader = ProtobufReader(message)
    var typed = 0
    do {
      while let tag = try reader.next() {
        if tag.number == 5, tag.wireType == .lengthDelimited {
          typed &+= try reader.payload().count
        } else {
          try reader.skip(tag)
        }
      }
    } catch {
      return nil
    }
    return typed
  }
}

extension InferenceRequestError {
  /// A message that is no protocol buffer.
  public init(_ error: ProtobufError) {
    self.init(error.code == .tooDeep ? .tooLarge : .malformed, "Unrecognized request format: \(error)")
  }
}
