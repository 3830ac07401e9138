import Formats
import InferenceProtocol

/// Decodes a V1 request from text.
func decodeV1(_ text: String, limits: InferenceLimits = InferenceLimits()) throws(InferenceRequestError)
  -> [Tensor]
{
  let bytes = Array(text.utf8)
  let result: Result<[Tensor], InferenceRequestError> = bytes.withUnsafeBytes { buffer in
    do throws(InferenceRequestError) {
      return .success(try V1Request.decode(buffer, limits: limits))
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}

/// Decodes a V2 request for the model `m` from text.
func decodeV2(_ text: String, limits: InferenceLimits = InferenceLimits()) throws(InferenceRequestError)
  -> V2Request
{
  let bytes = Array(text.utf8)
  let result: Result<V2Request, InferenceRequestError> = bytes.withUnsafeBytes { buffer in
    do throws(InferenceRequestError) {
      return .success(try V2Request.decode(buffer, model: "m", limits: limits))
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}

/// The error of a decoder, or nil where it succeeded.
func failure<Value>(_ body: () throws(InferenceRequestError) -> Value) -> InferenceRequestError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
