internal import Basics
public import KubeProtocol
internal import Linux
internal import Synchronization

/// The 127.N.0.0/16 that one running node holds, and the addresses given out of it: the lower half to pods,
/// the upper half to Services. Two nodes on one machine never hold the same network, and a crash frees it.
public final class LoopbackAddressPool: Sendable {
  /// No network or no address is left.
  public struct Exhausted: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// 16 … 254.
  public let network: Int
  private let holder: HeldName
  private let pods = Mutex(PodAddresses())
  /// Where the search for a free Service address begins.
  private let nextService = Mutex(128 * 256)

  private struct PodAddresses {
    var byPod: [String: String] = [:]
    var taken: Set<String> = []
    /// Where the search for a free one begins: what was given back is taken again last.
    var next = 1
  }

  static let networks = 16...254

  /// Takes the network that this data directory had last time where it is free, else any free one.
  /// - Parameter dataDirectory: exists; remembers the network in `run/network`.
  public static func open(dataDirectory: String) throws -> LoopbackAddressPool {
    let file = "\(dataDirectory)/run/network"
    let remembered = (try? Files.read(file, limit: 16)).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    let pool = try LoopbackAddressPool(first: remembered ?? start(for: dataDirectory))
    try Files.createDirectories("\(dataDirectory)/run")
    try Files.writeAtomically(Bytes(String(pool.network).utf8), to: file)
    return pool
  }

  /// Tries `first` and then the others in turn.
  init(first: Int) throws {
    let all = Array(Self.networks)
    let begin = all.firstIndex(of: first) ?? 0
    var found: (network: Int, holder: HeldName)?
    for candidate in all[begin...] + all[..<begin] where found == nil {
      do throws(LinuxError) {
        found = (candidate, try HeldName("apus-net-\(candidate)"))
      } catch {
        if !error.isAddressInUse { throw error }
      }
    }
    guard let found else {
      throw Exhausted(
        description: "all networks 127.16.0.0/16 … 127.254.0.0/16 are held by other nodes on this machine")
    }
    (network, holder) = found
  }

  /// Spreads data directories over the networks, so that one that was stopped finds its own free again.
  private static func start(for dataDirectory: String) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in dataDirectory.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return networks.lowerBound + Int(hash % UInt32(networks.count))
  }

  /// The pod's address: the one it has, else `preferred` where that is free and in the network, else a new
  /// one.
  func allocate(pod uid: String, preferred: String?) throws(Exhausted) -> String {
    let address: String? = pods.withLock { pods in
      if let present = pods.byPod[uid] { return present }
      if let preferred, isPodAddress(preferred), pods.taken.insert(preferred).inserted {
        pods.byPod[uid] = preferred
        return preferred
      }
      for number in Self.numbers(in: 1..<(128 * 256), from: pods.next) {
        let address = literal(number)
        guard pods.taken.insert(address).inserted else { continue }
        pods.byPod[uid] = address
        pods.next = number + 1
        return address
      }
      return nil
    }
    guard let address else { throw Exhausted(description: "no pod address is left in 127.\(network).0.0/17") }
    return address
  }

  func release(pod uid: String) {
    pods.withLock { pods in
      if let address = pods.byPod.removeValue(forKey: uid) { pods.taken.remove(address) }
    }
  }

  private func literal(_ number: Int) -> String { "127.\(network).\(number / 256).\(number % 256)" }

  /// All host numbers of a range once, in a circle, without those that end like a network or broadcast.
  private static func numbers(in range: Range<Int>, from start: Int) -> some Sequence<Int> {
    let first = range.contains(start) ? start : range.lowerBound
    return range.lazy.map { offset in
      let number = first + offset - range.lowerBound
      return number < range.upperBound ? number : number - range.count
    }.filter { (1...254).contains($0 % 256) }
  }

  /// A free address for a Service; fits the API server's allocator.
  public func allocate(service: KubeObject, taken: Set<String>) throws -> String {
    let found: String? = nextService.withLock { next in
      for number in Self.numbers(in: (128 * 256)..<(256 * 256), from: next) {
        let address = literal(number)
        guard !taken.contains(address) else { continue }
        next = number + 1
        return address
      }
      return nil
    }
    if let found { return found }
    throw KubeError(
      .internalError,
      "no Service address is left in 127.\(network).128.0/17 for service \(service.key): delete a Service")
  }

  private func isPodAddress(_ address: String) -> Bool {
    let parts = address.split(separator: ".").compactMap { Int($0) }
    return parts.count == 4 && parts[0] == 127 && parts[1] == network && (0..<128).contains(parts[2])
      && (1...254).contains(parts[3])
  }
}
