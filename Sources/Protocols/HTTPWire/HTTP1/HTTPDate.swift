public import Basics

/// `Date`'s form (RFC 9110 §5.6.7): `Sat, 21 Nov 2026 00:42:04 GMT`.
public enum HTTPDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  public static func format(_ time: Timestamp) -> String {
    // Years 1970 to 9999; a clock beyond is shown at the edge.
    let seconds = min(max(time.seconds, 0), 253_402_300_799)
    let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, monthDay) = civil(day)
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let weekday = days[Int(day % 7)]
    return "\(weekday), \(two(monthDay)) \(months[Int(month) - 1]) \(year) "
      + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) GMT"
  }

  /// The Gregorian date of a day after 1970-01-01, by eras of 400 years that start in March.
  private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let monthDay = dayOfYear - (153 * monthIndex + 2) / 5 + 1
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, monthDay)
  }
}
