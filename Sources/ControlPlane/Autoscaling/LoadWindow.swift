/// How much of something there was in each of the last seconds: a ring of buckets, one per second.
///
/// Amounts are spread over the time that they were counted in, so that averages do not depend on when reports
/// come, nor on how many reporters there are. Times are on any clock that only goes forward.
public struct LoadWindow: Sendable {
  /// Amount per second of the clock; the slot of second s is s modulo the count.
  private var buckets: [Double]
  /// The newest second that has a bucket.
  private var newest: Int64 = 0
  /// The begin of the first amount, from where on averages are taken.
  private var begin: Duration?

  /// - Parameter length: the longest time that averages are taken over; held within 1 s and an hour.
  public init(length: Duration) {
    let seconds = min(max(1, length.components.seconds), 3600)
    buckets = Array(repeating: 0, count: Int(seconds) + 2)
  }

  /// Counts an amount that was there evenly from `start` to `end`. What lies before the window is dropped.
  public mutating func add(_ amount: Double, from start: Duration, to end: Duration) {
    guard amount.isFinite, amount >= 0, end >= start else { return }
    begin = min(begin ?? start, start)
    move(to: end.wholeSeconds)
    let length = end.inSeconds - start.inSeconds
    guard length > 0 else {
      addToBucket(end.wholeSeconds, amount)
      return
    }
    let oldest = newest - Int64(buckets.count) + 1
    for second in max(start.wholeSeconds, oldest)...max(end.wholeSeconds, oldest) {
      let overlap = min(end.inSeconds, Double(second + 1)) - max(start.inSeconds, Double(second))
      if overlap > 0 { addToBucket(second, amount * overlap / length) }
    }
  }

  /// The amount per second over the time `length` before `end`, or since the first amount where that is
  /// less; at least over one second, so that a first moment is not taken for a flood.
  public func average(over length: Duration, until end: Duration) -> Double {
    guard let begin, end > begin else { return 0 }
    let start = max(begin, end - length)
    var sum: Double = 0
    let oldest = newest - Int64(buckets.count) + 1
    let last = min(end.wholeSeconds, newest)
    guard max(start.wholeSeconds, oldest) <= last else { return 0 }
    for second in max(start.wholeSeconds, oldest)...last {
      // Of the second in which the window begins only the part that lies inside counts.
      let inside = min(1, Double(second + 1) - start.inSeconds)
      sum += buckets[slot(second)] * inside
    }
    return sum / max(1, end.inSeconds - start.inSeconds)
  }

  /// Whether nothing was counted in the time that the window remembers before `end`.
  public func isEmpty(until end: Duration) -> Bool {
    let oldest = end.wholeSeconds - Int64(buckets.count) + 1
    if newest < oldest { return true }
    return (max(oldest, newest - Int64(buckets.count) + 1)...newest).allSatisfy { buckets[slot($0)] == 0 }
  }

  private mutating func move(to second: Int64) {
    guard second > newest else { return }
    if second - newest >= Int64(buckets.count) {
      for index in buckets.indices { buckets[index] = 0 }
    } else {
      for skipped in (newest + 1)...second { buckets[slot(skipped)] = 0 }
    }
    newest = second
  }

  private mutating func addToBucket(_ second: Int64, _ amount: Double) {
    guard second > newest - Int64(buckets.count), second <= newest else { return }
    buckets[slot(second)] += amount
  }

  private func slot(_ second: Int64) -> Int {
    let remainder = Int(second % Int64(buckets.count))
    return remainder < 0 ? remainder + buckets.count : remainder
  }
}

extension Duration {
  /// Rounded down, for times that are not negative.
  var wholeSeconds: Int64 { components.seconds }

  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
