import Formats
import KubeClient
import KubeProtocol
import Testing

extension Simulation {
  /// Whatever write fails, and however: the end is the same. Makes the service once without faults, then once
  /// for each write that this took, with a fault at that one.
  /// - Parameters:
  ///   - change: a second step, with a fault at the same number of its writes.
  ///   - isSame: what counts of the end.
  /// - Returns: the end without faults.
  @discardableResult
  func expectEveryWriteMayFail(
    _ fault: FaultyTransport.Fault, creating service: KubeObject,
    then change: () async throws -> Void = {},
    isSame: ([String: JSONValue], [String: JSONValue]) -> Bool = { $0 == $1 }
  ) async throws -> [String: JSONValue] {
    try await client.create(.inferenceServices, service)
    let start = transport.writes
    try await settle()
    let middle = transport.writes
    try await change()
    let count = max(middle - start, transport.writes - middle)
    let wanted = try await snapshot()
    try await remove()
    for number in 1...count {
      try await client.create(.inferenceServices, service)
      transport.plant(fault, at: number)
      try await settle()
      transport.clear()
      transport.plant(fault, at: number)
      try await change()
      transport.clear()
      let found = try await snapshot()
      #expect(isSame(found, wanted), "write \(number)")
      try await remove()
    }
    #expect(transport.failed > 0)
    return wanted
  }
}
