internal import KubeProtocol

extension APIServer {
  /// What the server itself keeps in step with its objects, before the writer gets its answer.
  func didWrite(_ object: KubeObject, old: KubeObject?, _ definition: ResourceDefinition) async throws {
    if definition.resource == .customResourceDefinitions { try serve(object) }
  }

  func didDelete(_ object: KubeObject, _ definition: ResourceDefinition) async throws {
    switch definition.resource {
    case .customResourceDefinitions: stopServing(object)
    case .services: await serviceAddresses.release(object.key)
    default: break
    }
  }
}
