/// How much memory one read may take, whatever the file says.
///
/// Everything that is built is charged before it is built, at an estimate of its bytes; what a file builds,
/// copies and decodes adds up to a bound that follows from its size. The stream itself, which arrays are
/// slices of, is not counted: it is there already.
struct ReadBudget: Sendable {
  let limit: Int
  private(set) var used = 0

  init(limit: Int) { self.limit = max(0, limit) }

  /// `64 MiB + 32 × file + stream`. Decoded arrays are about as large as the stream that holds them; objects,
  /// texts and copies come out of the rest.
  init(fileBytes: Int, streamBytes: Int) {
    let (sum, overflow) = ReadBudget.product(fileBytes, 32).addingReportingOverflow(streamBytes)
    let (limit, overflows) = (overflow ? Int.max : sum).addingReportingOverflow(64 << 20)
    self.init(limit: overflows ? .max : limit)
  }

  /// False, and nothing is charged, where `bytes` are more than is left.
  mutating func take(_ bytes: Int) -> Bool {
    guard bytes >= 0, bytes <= limit - used else { return false }
    used += bytes
    return true
  }

  mutating func giveBack(_ bytes: Int) { used = min(max(0, used &- bytes), limit) }

  /// `count * size`, or as much as there is.
  static func product(_ count: Int, _ size: Int) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? .max : product
  }
}
