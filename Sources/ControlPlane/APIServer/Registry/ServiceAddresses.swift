internal import Formats
public import KubeProtocol

/// Gives a Service its cluster address: the service, and the addresses in use, in; a free address out.
public typealias ServiceAddressAllocator =
  @Sendable (_ service: KubeObject, _ taken: Set<String>) async throws -> String

/// The cluster addresses in use. One caller at a time asks the allocator, so that no address is given twice.
actor ServiceAddresses {
  private let allocator: ServiceAddressAllocator
  private let storage: ObjectStorage
  private var owners: [String: ObjectKey] = [:]
  private var addresses: [ObjectKey: String] = [:]
  /// The keys of `owners`, ready for the allocator.
  private var taken: Set<String> = []
  private var isLoaded = false
  private var isAllocating = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(allocator: @escaping ServiceAddressAllocator, storage: ObjectStorage) {
    self.allocator = allocator
    self.storage = storage
  }

  /// An address for the service, or the one it asked for.
  func assign(_ service: KubeObject, requested: String?) async throws -> String {
    await enter()
    defer { leave() }
    try await load()
    if let requested {
      if let owner = owners[requested], owner != service.key {
        throw KubeError.invalid(
          service.groupVersionKind, service.name,
          [
            KubeError.Cause(
              reason: "FieldValueInvalid",
              message: "Invalid value: [\"\(requested)\"]: failed to allocate IP \(requested): provided IP is"
                + " already allocated",
              field: "spec.clusterIPs")
          ])
      }
      take(requested, for: service.key)
      return requested
    }
    if let kept = addresses[service.key] { return kept }
    let address = try await allocator(service, taken)
    take(address, for: service.key)
    return address
  }

  private func take(_ address: String, for service: ObjectKey) {
    if let old = addresses[service], old != address { release(service) }
    owners[address] = service
    addresses[service] = address
    taken.insert(address)
  }

  func release(_ service: ObjectKey) {
    guard let address = addresses.removeValue(forKey: service) else { return }
    owners[address] = nil
    taken.remove(address)
  }

  private func load() async throws {
    guard !isLoaded else { return }
    for service in try await storage.list(prefix: "/core/services/").objects {
      guard let address = service.spec?["clusterIP"]?.string, address != "None", !address.isEmpty else {
        continue
      }
      take(address, for: service.key)
    }
    isLoaded = true
  }

  private func enter() async {
    if !isAllocating {
      isAllocating = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    if waiting.isEmpty { isAllocating = false } else { waiting.removeFirst().resume() }
  }

  /// Counts up in a /16 of the loopback network: `127.96.0.1`, `127.96.0.2`, …
  static func sequential(network: String = "127.96") -> ServiceAddressAllocator {
    { service, taken in
      for number in 1..<65_535 {
        let address = "\(network).\(number / 256).\(number % 256)"
        if !taken.contains(address) { return address }
      }
      throw KubeError(
        .internalError,
        "no free cluster address in \(network).0.0/16 for service \(service.key); delete a Service")
    }
  }
}
