internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// `warmup.json` in a model's folder: one V2 request, or a list of them, that are computed before the model
/// is
/// ready, so that the first client finds caches filled and lazy parts made.
enum WarmUp {
  private static let sizeLimit = 64 << 20
  private static let requestLimit = 1000

  /// - Throws: where a request cannot be read or the model fails at it: a model that cannot answer its own
  ///   warm-up is not ready.
  static func run(_ model: any LoadedModel, name: String, folder: String) throws(ModelLoadError) {
    let path = "\(folder)/\(ModelFolder.warmUpFile)"
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: sizeLimit)
    } catch {
      if error.isNotFound { return }
      throw ModelLoadError(.unreadable, "cannot read \(path): \(error.reason)")
    }
    guard let value = try? JSONValue(parsing: bytes) else {
      throw ModelLoadError(.corrupt, "\(path) is no JSON")
    }
    let requests = value.array ?? [value]
    if requests.count > requestLimit {
      throw ModelLoadError(
        .tooLarge, "\(path) has \(requests.count) warm-up requests, more than \(requestLimit)")
    }
    for (index, request) in requests.enumerated() {
      do throws(ModelLoadError) {
        try compute(request.encoded(), model, name)
      } catch {
        throw ModelLoadError(
          error.code, "warm-up request \(index + 1) of \(path) failed: \(error.message)")
      }
    }
  }

  private static func compute(
    _ body: [UInt8], _ model: any LoadedModel, _ name: String
  ) throws(ModelLoadError) {
    let request: V2Request
    do {
      request = try Self.decode(body, name)
    } catch {
      throw ModelLoadError(.corrupt, error.message)
    }
    do {
      _ = try model.predict(
        PredictRequest(inputs: request.inputs, function: model.functions.first ?? .predict))
    } catch {
      switch error {
      case .invalidInput(let message), .failed(let message), .unsupported(let message),
        .unavailable(let message):
        throw ModelLoadError(.corrupt, message)
      }
    }
  }

  private static func decode(_ body: [UInt8], _ name: String) throws(InferenceRequestError) -> V2Request {
    let result: Result<V2Request, InferenceRequestError> = body.withUnsafeBytes { buffer in
      do throws(InferenceRequestError) {
        return .success(try V2Request.decode(buffer, model: name, limits: InferenceLimits()))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
