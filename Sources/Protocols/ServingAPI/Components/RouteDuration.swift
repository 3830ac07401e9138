/// Durations of the Gateway API (GEP-2257): up to four units of at most five digits each.
public enum RouteDuration {
  private static let largestNumber: Int64 = 99_999
  /// What 99999 hours, 59 minutes and 59 seconds are.
  public static let maximumSeconds: Int64 = largestNumber * 3600 + 3599

  /// `60s`, and `27h46m40s` where five digits of seconds are not enough; what is out of bounds becomes the
  /// nearest that can be written.
  public static func text(seconds: Int64) -> String {
    let seconds = min(max(0, seconds), maximumSeconds)
    if seconds <= largestNumber { return "\(seconds)s" }
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
  }
}
