/// Runs work that goes deep in a task of its own. What a task's stack has grown to it keeps until it ends,
/// and the tasks of a pod live as long as the pod.
func onOwnStack<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask(operation: body)
    guard let value = try await group.next() else { throw CancellationError() }
    return value
  }
}

/// As above, for work that does not fail.
func onOwnStack(_ body: @escaping @Sendable () async -> Bool) async -> Bool {
  await withTaskGroup(of: Bool.self) { group in
    group.addTask(operation: body)
    return await group.next() ?? false
  }
}
