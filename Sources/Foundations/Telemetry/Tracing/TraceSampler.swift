/// Which traces are recorded (OpenTelemetry's samplers, by the names of `OTEL_TRACES_SAMPLER`).
public struct TraceSampler: Sendable, Hashable {
  /// Traces whose identifier's low 63 bits are below this are recorded.
  private let bound: UInt64
  /// Whether a caller's decision goes before one's own.
  private let followsParent: Bool

  public static let parentOrAlways = TraceSampler(ratio: 1, followsParent: true)

  /// - Parameter ratio: of the traces that start here; from 0 to 1.
  public init(ratio: Double, followsParent: Bool) {
    self.followsParent = followsParent
    bound = ratio >= 1 ? .max : ratio > 0 ? UInt64(ratio * 0x1p63) : 0
  }

  /// - Returns: nil for a name that is not known, or an argument that is no ratio.
  public init?(name: String, argument: String?) {
    switch name {
    case "always_on": self.init(ratio: 1, followsParent: false)
    case "always_off": self.init(ratio: 0, followsParent: false)
    case "parentbased_always_on": self.init(ratio: 1, followsParent: true)
    case "parentbased_always_off": self.init(ratio: 0, followsParent: true)
    case "traceidratio", "parentbased_traceidratio":
      guard let ratio = argument.map({ Double($0) }) ?? 1, (0...1).contains(ratio) else { return nil }
      self.init(ratio: ratio, followsParent: name.hasPrefix("parent"))
    default: return nil
    }
  }

  public func samples(_ trace: TraceIdentifier, parent: TraceContext?) -> Bool {
    if followsParent, let parent { return parent.isSampled }
    return bound == .max || trace.low & 0x7FFF_FFFF_FFFF_FFFF < bound
  }
}
