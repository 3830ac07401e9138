internal import KubeProtocol
internal import Synchronization

extension APIServer {
  /// Runs the mutating hooks and defaults what they left open.
  func mutate(
    _ object: inout KubeObject, _ context: AdmissionContext, _ definition: ResourceDefinition
  ) async throws {
    var changed = false
    for hook in state.withLock({ $0.admission }) where hook.applies(to: context.resource) {
      guard let mutate = hook.mutate else { continue }
      try await mutate(&object, context)
      changed = true
    }
    if changed {
      let checker = ObjectChecker(definition)
      _ = checker.prune(&object)
      checker.applyDefaults(&object)
    }
  }

  func validate(_ object: KubeObject, _ context: AdmissionContext) async throws {
    for hook in state.withLock({ $0.admission }) where hook.applies(to: context.resource) {
      try await hook.validate?(object, context)
    }
    try await checkQuotas(object, context)
  }
}
