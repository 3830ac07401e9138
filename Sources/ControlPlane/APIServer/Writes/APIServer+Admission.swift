internal import KubeProtocol
internal import Synchronization

extension APIServer {
  /// Runs the mutating hooks and defaults what they left open.
  func mutate(
    _ object: inout KubeObject, _ context: AdmissionContext, _ definition: ResourceDefinition
  ) async throws {
    var changed = false
    let hooks = state.withLock { $0.admission }
    warn(object, context, hooks)
    for hook in hooks where hook.applies(to: context.resource) {
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
    try await checkServiceAccount(object, context)
    try await checkQuotas(object, context)
  }

  /// Asks whether a client may delete the object.
  func admitDeletion(
    _ object: KubeObject, _ definition: ResourceDefinition, isDryRun: Bool
  ) async throws {
    let context = AdmissionContext(
      operation: .delete, old: object, resource: definition.resource, subresource: nil, isDryRun: isDryRun)
    let hooks = state.withLock { $0.admission }
    for hook in hooks where hook.applies(to: context.resource) {
      try await hook.validateDeletion?(object, context)
    }
    warn(object, context, hooks)
  }

  private func warn(_ object: KubeObject, _ context: AdmissionContext, _ hooks: [AdmissionHook]) {
    guard let warnings = AdmissionWarnings.current else { return }
    for hook in hooks where hook.applies(to: context.resource) {
      if let warn = hook.warn { warnings.add(warn(object, context)) }
    }
  }
}
