internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization

/// What a compiler has to look at again: the objects by their keys, as they are now.
struct GatewayUpdate: Sendable {
  /// A Service and the EndpointSlices that name it.
  struct ServiceState: Sendable {
    var object: KubeObject?
    var slices: [KubeObject] = []
  }

  /// The gateways of our classes; nil where none of them changed. All routes are attached anew then.
  var gateways: [KubeObject]?
  /// Labels of namespaces; nil for one that is gone.
  var namespaces: [String: [String: String]?] = [:]
  /// Nil for one that is gone.
  var routes: [ObjectKey: KubeObject?] = [:]
  var services: [ObjectKey: ServiceState] = [:]
  /// How many changes there have been, these among them.
  var changeCount: UInt64 = 0
}

/// Keys of what has changed since they were last taken.
final class GatewayChanges: Sendable {
  struct Keys: Sendable {
    var gatewaysChanged = false
    var namespaces: Set<String> = []
    var routes: Set<ObjectKey> = []
    var services: Set<ObjectKey> = []
    var changeCount: UInt64 = 0
  }

  private let keys = Mutex(Keys())
  private let noted = Atomic<UInt64>(0)

  /// How many changes there have been, taken or not.
  var count: UInt64 { noted.load(ordering: .acquiring) }

  func note(_ body: (inout Keys) -> Void) {
    keys.withLock {
      body(&$0)
      noted.wrappingAdd(1, ordering: .releasing)
    }
  }

  func take() -> Keys {
    keys.withLock { keys in
      defer { keys = Keys() }
      keys.changeCount = count
      return keys
    }
  }
}
