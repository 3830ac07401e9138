/// Why a value graph is no estimator that can be served.
enum BindError: Error, Sendable, Hashable {
  case corrupt(String)
  /// An estimator, or a variant of one, without a native predictor.
  case unsupported(String)
  /// A part is missing that only a version we do not know leaves out.
  case unsupportedVersion(String)
  /// What is decoded takes more memory than the read's budget of this many bytes.
  case tooLarge(limit: Int)
}
