internal import Glibc

/// What the machine's resolver can do.
public enum HostResolution {
  /// Whether glibc (and so Python and most programs) resolves names under `localhost`. Blocks on the
  /// resolver, which for this name asks no server: the name server would be asked only where no local source
  /// knows it.
  public static func resolvesLocalhostNames() -> Bool {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var result: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo("apus-probe.localhost", nil, &hints, &result)
    if let result { freeaddrinfo(result) }
    return status == 0
  }
}
