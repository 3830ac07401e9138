internal import CShims

/// Which features scikit-learn's selectors keep, from their scores.
enum FeatureRanking {
  /// NaN counts as the smallest number there is.
  private static func cleaned(_ scores: [Double]) -> [Double] {
    scores.map { $0.isNaN ? -.greatestFiniteMagnitude : $0 }
  }

  static func best(_ scores: [Double], count: Int) -> [Int] {
    guard count > 0 else { return [] }
    let scores = cleaned(scores)
    let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    return order.suffix(count).sorted()
  }

  static func percentile(_ scores: [Double], _ percent: Double) -> [Int] {
    if percent >= 100 { return Array(scores.indices) }
    if percent <= 0 { return [] }
    let scores = cleaned(scores)
    let threshold = quantile(scores.sorted(), (100 - percent) / 100)
    var kept = Set(scores.indices.filter { scores[$0] > threshold })
    let limit = Int(Double(scores.count) * percent / 100)
    let ties = scores.indices.filter { scores[$0] == threshold }
    // A Python slice that ends before zero leaves the last ones out.
    let room = limit - kept.count
    kept.formUnion(room >= 0 ? ties.prefix(room) : ties.dropLast(-room))
    return kept.sorted()
  }

  /// `numpy.percentile`, linear interpolation.
  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let position = share * Double(sorted.count - 1)
    let low = Int(position.rounded(.down))
    let fraction = position - Double(low)
    let (left, right) = (sorted[low], sorted[min(low + 1, sorted.count - 1)])
    let difference = right - left
    return fraction >= 0.5 ? right - difference * (1 - fraction) : left + difference * fraction
  }

  static func below(_ values: [Double], _ limit: Double) -> [Int] {
    values.indices.filter { values[$0] < limit }
  }

  static func falseDiscovery(_ values: [Double], _ alpha: Double) -> [Int] {
    // numpy sorts NaN (of constant columns) to the end, where nothing selects it.
    let sorted = values.filter { !$0.isNaN }.sorted()
    let share = alpha / Double(values.count)
    let selected = sorted.indices.filter { sorted[$0] <= share * Double($0 + 1) }
    guard let last = selected.last else { return [] }
    return values.indices.filter { values[$0] <= sorted[last] }
  }

  static func above(_ scores: [Double], _ threshold: Double, limit: Int) -> [Int] {
    let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    return order.prefix(max(0, limit)).filter { !(scores[$0] < threshold) }.sorted()
  }

  static func norm(_ values: [Double], _ order: Double) -> Double {
    if order == 2 { return values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return apus_pow(values.reduce(0) { $0 + apus_pow($1, order) }, 1 / order)
  }

  static func mean(_ values: [Double]) -> Double { NumpySums.sum(values) / Double(values.count) }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
