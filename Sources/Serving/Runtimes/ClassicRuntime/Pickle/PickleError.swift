/// Why a pickle could not be read. Offsets count bytes of the (decompressed) stream.
enum PickleError: Error, Sendable, Hashable {
  /// Truncated, malformed or self-contradicting.
  case corrupt(offset: Int, reason: String)
  /// A name outside the closed list: it was refused where it stood and nothing was run.
  case refused(offset: Int, name: String)
  /// A scikit-learn class that has no native predictor.
  case unsupportedClass(name: String)
  /// A valid file that uses something we do not read.
  case unsupported(reason: String)
  /// More of something than any honest model holds.
  case limit(offset: Int, reason: String)
  /// What the file describes takes more memory than the read's budget of `limit` bytes.
  case memory(offset: Int, limit: Int)
}

/// Bounds on single things. What they add up to is bounded by the `ReadBudget`.
struct PickleLimits: Sendable {
  var textLineBytes = 1 << 20
  var integerBytes = 1 << 10
  var nestedPickles = 8
  var arrayDimensions = 32
  var dtypeBytes = 1 << 20
  var wrapperAttributes = 64
}
