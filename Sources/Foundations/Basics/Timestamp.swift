/// A moment in UTC, with nanoseconds; the range is what fits in Int64 seconds around 1970.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Seconds since 1970-01-01T00:00:00Z.
  public var seconds: Int64
  /// 0 ..< 1_000_000_000.
  public var nanoseconds: Int32

  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Parses RFC 3339 (`2026-11-21T08:15:30Z`, fraction and numeric offset allowed); nil where it is
  /// malformed.
  public init?(rfc3339 text: String) {
    guard let parsed = RFC3339.parse(text) else { return nil }
    self = parsed
  }

  /// `2026-11-21T08:15:30Z`: whole seconds, as Kubernetes writes `metav1.Time`.
  public var rfc3339: String { RFC3339.format(self, fractionDigits: 0) }
  /// `2026-11-21T08:15:30.123456Z`: as Kubernetes writes `metav1.MicroTime`.
  public var rfc3339Micro: String { RFC3339.format(self, fractionDigits: 6) }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// The time from `earlier` to this moment; negative where this moment is the earlier one.
  public func since(_ earlier: Timestamp) -> Duration {
    .seconds(seconds - earlier.seconds) + .nanoseconds(Int64(nanoseconds) - Int64(earlier.nanoseconds))
  }

  public func adding(_ duration: Duration) -> Timestamp {
    let (wholeSeconds, attoseconds) = duration.components
    var total = Int64(nanoseconds) + attoseconds / 1_000_000_000
    var carried = seconds &+ wholeSeconds
    if total >= 1_000_000_000 {
      total -= 1_000_000_000
      carried &+= 1
    } else if total < 0 {
      total += 1_000_000_000
      carried &-= 1
    }
    return Timestamp(seconds: carried, nanoseconds: Int32(truncatingIfNeeded: total))
  }
}

/// RFC 3339 text from and to civil time (proleptic Gregorian calendar, days counted from 1970-01-01).
enum RFC3339 {
  static func format(_ moment: Timestamp, fractionDigits: Int) -> String {
    let days = moment.seconds.flooredQuotient(86_400)
    let secondOfDay = moment.seconds - days * 86_400
    let (year, month, day) = civil(fromDays: days)
    var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    text +=
      "T\(padded(secondOfDay / 3600, 2)):\(padded(secondOfDay / 60 % 60, 2)):\(padded(secondOfDay % 60, 2))"
    if fractionDigits > 0 {
      let digits = padded(Int64(moment.nanoseconds), 9)
      text += "." + digits.prefix(fractionDigits)
    }
    return text + "Z"
  }

  static func parse(_ text: String) -> Timestamp? {
    var scanner = DigitScanner(text)
    guard let year = scanner.number(digits: 4), scanner.take("-"),
      let month = scanner.number(digits: 2), scanner.take("-"),
      let day = scanner.number(digits: 2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.number(digits: 2), scanner.take(":"),
      let minute = scanner.number(digits: 2), scanner.take(":"),
      let second = scanner.number(digits: 2)
    else { return nil }
    guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else {
      return nil
    }
    var nanoseconds: Int64 = 0
    if scanner.take(".") {
      guard let fraction = scanner.fraction() else { return nil }
      nanoseconds = fraction
    }
    var offset: Int64 = 0
    if !(scanner.take("Z") || scanner.take("z")) {
      let sign: Int64 = scanner.take("+") ? 1 : (scanner.take("-") ? -1 : 0)
      guard sign != 0, let hours = scanner.number(digits: 2), scanner.take(":"),
        let minutes = scanner.number(digits: 2), hours < 24, minutes < 60
      else { return nil }
      offset = sign * (hours * 3600 + minutes * 60)
    }
    guard scanner.isAtEnd else { return nil }
    let seconds =
      days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return Timestamp(seconds: seconds, nanoseconds: Int32(nanoseconds))
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Days since 1970-01-01 (algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear.flooredQuotient(400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
  }
}

/// Reads fixed-width decimal fields from the front of a text.
private struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = Substring(text).utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func number(digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let byte = rest.first, (48...57).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - 48)
      rest = rest.dropFirst()
    }
    return value
  }

  /// Digits after the point, as nanoseconds; digits past the ninth are dropped.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while let byte = rest.first, (48...57).contains(byte) {
      if count < 9 { value = value * 10 + Int64(byte - 48) }
      count += 1
      rest = rest.dropFirst()
    }
    guard count > 0 else { return nil }
    for _ in min(count, 9)..<9 { value *= 10 }
    return value
  }
}

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
