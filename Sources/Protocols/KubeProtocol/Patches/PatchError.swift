/// Why a patch was refused. The object that it was meant for is unchanged.
public struct PatchError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The patch itself is not well formed.
    case malformed
    /// The patch, or what it would build, exceeds a limit.
    case tooLarge
    /// The patch is well formed, but the object does not have what it speaks of.
    case notApplicable
    /// A `test` operation of a JSON patch found another value.
    case testFailed
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }

  /// The answer that the Kubernetes API gives.
  public var kubeError: KubeError {
    switch code {
    case .malformed: KubeError(.badRequest, "error decoding patch: \(message)")
    case .tooLarge: KubeError(.requestEntityTooLarge, message)
    case .notApplicable, .testFailed: KubeError(.invalid, "the patch cannot be applied: \(message)")
    }
  }
}
