public import Basics

/// Durations as kubectl prints them: `45s`, `3m20s`, `5h`, `2d4h`, `400d`, `3y12d`.
public enum AgeText {
  public static func since(_ earlier: Timestamp?, _ now: Timestamp) -> String {
    guard let earlier else { return "<unknown>" }
    return text(now.since(earlier))
  }

  static func text(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    if seconds < -1 { return "<invalid>" }
    if seconds < 0 { return "0s" }
    if seconds < 120 { return "\(seconds)s" }
    let minutes = seconds / 60
    if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
    if minutes < 180 { return "\(minutes)m" }
    let hours = minutes / 60
    if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    if hours < 192 { return pair(hours / 24, "d", hours % 24, "h") }
    let days = hours / 24
    if days < 730 { return "\(days)d" }
    if days < 2920 { return pair(days / 365, "y", days % 365, "d") }
    return "\(days / 365)y"
  }

  private static func pair(_ high: Int64, _ highUnit: String, _ low: Int64, _ lowUnit: String) -> String {
    low == 0 ? "\(high)\(highUnit)" : "\(high)\(highUnit)\(low)\(lowUnit)"
  }
}
