internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// The Node object: made at the start and again when somebody deletes it, its heartbeat renewed now and then.
struct NodeRegistration: Sendable {
  var context: NodeContext
  /// Of the nodes.
  var informer: Informer

  private static let heartbeatSeconds: Int64 = 300

  /// Writes until the task is cancelled.
  func run() async {
    let due = WakeSignal()
    informer.onChange { [name = context.settings.name] change in
      if change.isDeletion, change.object.name == name { due.signal() }
    }
    // Synced first: what is made after the list is seen to go.
    do { try await informer.waitUntilSynced() } catch { return }
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(10))
    while !Task.isCancelled {
      do {
        try await write()
        backoff.reset()
        try await waitForHeartbeat(or: due)
      } catch is CancellationError {
        return
      } catch {
        context.log.warning("node not registered; trying again", ["cause": "\(error)"])
        do { try await context.clock.sleep(for: backoff.next()) } catch { return }
      }
    }
  }

  private func waitForHeartbeat(or due: WakeSignal) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await context.clock.sleep(for: .seconds(Self.heartbeatSeconds)) }
      group.addTask { await due.wait() }
      try await group.next()
      group.cancelAll()
    }
    try Task.checkCancellation()
  }

  private func write() async throws {
    let name = context.settings.name
    let existing = try await context.client.find(.nodes, name: name)
    var node = existing ?? KubeObject(.nodes, name: name)
    node.labels.merge(Self.labels(name)) { _, new in new }
    if existing == nil { node = try await context.client.create(.nodes, node) }
    let status = makeStatus(now: context.clock.now(), old: node.status)
    try await context.client.patch(.nodes, name: name, subresource: "status", ["status": status])
    await renewLease(of: node)
  }

  /// Nobody needs it to run pods: where it cannot be written (its namespace was deleted), the next heartbeat
  /// tries again.
  private func renewLease(of node: KubeObject) async {
    do {
      try await NodeLease.renew(
        of: node, client: context.client, now: context.clock.now(), interval: Self.heartbeatSeconds)
    } catch {
      context.log.warning(
        "node lease not renewed; trying again with the next heartbeat",
        ["lease": "\(NodeLease.namespace)/\(node.name)", "cause": "\(error)"])
    }
  }

  private static func labels(_ name: String) -> [String: String] {
    [
      "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture,
      "node-role.kubernetes.io/control-plane": "",
    ]
  }

  /// A pod with a small model takes a few mebibytes: one for each 16 MiB of memory leaves the machine room.
  /// At least as many as a kubelet takes by default.
  static func podCapacity(memoryBytes: Int) -> Int { max(110, memoryBytes / (16 * ByteCount.mebibyte)) }

  private static var architecture: String {
    #if arch(arm64)
      "arm64"
    #else
      "amd64"
    #endif
  }

  /// Pure but for the kernel's release.
  func makeStatus(now: Timestamp, old: JSONValue?) -> JSONValue {
    let settings = context.settings
    let capacity: JSONValue = [
      "cpu": .string(String(settings.processors)), "memory": .string("\(settings.memoryBytes / 1024)Ki"),
      "pods": .string(String(Self.podCapacity(memoryBytes: settings.memoryBytes))),
    ]
    let since = (old?["conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }?[
      "lastTransitionTime"]
    let conditions = [
      ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      ("Ready", "True", "KubeletReady", "pods run as processes of this machine"),
    ].map { type, status, reason, message -> JSONValue in
      [
        "type": .string(type), "status": .string(status), "lastHeartbeatTime": .string(now.rfc3339),
        "lastTransitionTime": since ?? .string(now.rfc3339), "reason": .string(reason),
        "message": .string(message),
      ]
    }
    return [
      "capacity": capacity, "allocatable": capacity, "conditions": .array(conditions),
      "addresses": [
        ["type": "InternalIP", "address": .string(settings.hostAddress)],
        ["type": "Hostname", "address": .string(settings.name)],
      ],
      "nodeInfo": [
        "architecture": .string(Self.architecture), "operatingSystem": "linux",
        "kernelVersion": .string(kernelRelease),
        "osImage": "Linux", "containerRuntimeVersion": "apus://processes", "kubeletVersion": "v1.32.0+apus",
        "kubeProxyVersion": "v1.32.0+apus", "machineID": "", "systemUUID": "", "bootID": "",
      ],
    ]
  }

  private var kernelRelease: String {
    guard let bytes = try? Files.read("/proc/sys/kernel/osrelease", limit: 256) else { return "unknown" }
    return String(decoding: bytes.filter { $0 > 32 }, as: UTF8.self)
  }
}
