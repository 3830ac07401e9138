public import Linux

extension HTTPServer {
  /// Listens on 127.0.0.1 and ::1 with one port on both; on 127.0.0.1 alone where the machine has no IPv6.
  /// - Parameter port: 0 for any that is free on both.
  /// - Throws: `LinuxError`; `isAddressInUse` tells a taken port.
  public func listenOnLoopback(port: Int) throws(LinuxError) -> [ListenAddress] {
    if port != 0 { return try listenOnBoth(port) }
    for _ in 0..<64 {
      do {
        return try listenOnBoth(Int.random(in: 32_768..<61_000))
      } catch {
        if !error.isAddressInUse { throw error }
      }
    }
    return try listen([ListenAddress(host: "127.0.0.1", port: 0)])
  }

  private func listenOnBoth(_ port: Int) throws(LinuxError) -> [ListenAddress] {
    let first = ListenAddress(host: "127.0.0.1", port: port)
    do {
      return try listen([first, ListenAddress(host: "::1", port: port)])
    } catch {
      if !error.isAddressUnavailable { throw error }
      return try listen([first])
    }
  }
}
