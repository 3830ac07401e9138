internal import CShims

/// The logarithmic derivative of the gamma function for positive numbers: recurrence, then the asymptotic
/// series.
enum Digamma {
  static func value(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return .nan }
    var (x, result) = (x, 0.0)
    while x < 10 {
      result -= 1 / x
      x += 1
    }
    let square = 1 / (x * x)
    let series =
      square
      * (1 / 12.0 - square
        * (1 / 120.0 - square
          * (1 / 252.0 - square * (1 / 240.0 - square * (1 / 132.0 - square * 691 / 32760)))))
    return result + apus_log(x) - 0.5 / x - series
  }
}
