import APIServer
import Basics
import Formats
import HTTPTransport
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import Testing

@testable import NodeAgent

/// A node on an API server in memory, with a data directory of its own.
final class TestNode {
  let server: APIServer
  let agent: NodeAgent
  let folder: String
  let loops: EventLoopGroup
  private var tasks: [Task<Void, Never>] = []
  var client: KubeClient { server.client }

  init(
    folder: String, store: MemoryStore = MemoryStore(), supervisor: [String]? = nil,
    claims: ClaimResolver? = nil, pool given: LoopbackAddressPool? = nil
  ) async throws {
    self.folder = folder
    let pool = try given ?? LoopbackAddressPool.open(dataDirectory: folder)
    server = APIServer(store: store, serviceAddresses: { try pool.allocate(service: $0, taken: $1) })
    try await server.start()
    loops = try EventLoopGroup(loops: 1, name: "test")
    var configuration = NodeAgentConfiguration(dataDirectory: folder, addresses: pool, loops: loops)
    configuration.supervisorCommand = try supervisor ?? [supervisorProgram()]
    configuration.nodeName = "test-node"
    if let claims { configuration.claims = claims }
    let informers = SharedInformers(client: server.client)
    let agent = try NodeAgent(configuration: configuration, client: server.client, informers: informers)
    self.agent = agent
    server.connect(WeakConnection(agent: agent))
    tasks.append(Task { await informers.run() })
    tasks.append(Task { try? await agent.run() })
  }

  /// As when the process is killed: nothing is told to stop.
  func kill() async {
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    await server.stop()
    await loops.shutdown()
  }

  func stop() async {
    await agent.shutDown(grace: .seconds(5))
    await kill()
  }

  @discardableResult
  func create(_ name: String, _ spec: String) async throws -> KubeObject {
    var pod = KubeObject(.pods, namespace: "default", name: name)
    pod.spec = try JSONValue(parsing: spec)
    pod.json.set("test-node", at: "spec", "nodeName")
    return try await client.create(.pods, pod)
  }

  func pod(_ name: String) async throws -> KubeObject? {
    try await client.find(.pods, namespace: "default", name: name)
  }

  /// Waits until the pod's JSON satisfies the condition, and returns it.
  func wait(_ name: String, _ condition: (JSONValue) -> Bool) async throws -> JSONValue {
    var last: JSONValue = .null
    let reached = try await eventually {
      last = try await pod(name)?.json ?? .null
      return condition(last)
    }
    if !reached { Issue.record("pod \(name) never got there: \(last.encodedText)") }
    return last
  }

  func log(_ name: String, _ container: String, _ change: (inout LogOptions) -> Void = { _ in }) async throws
    -> String
  {
    var options = LogOptions()
    change(&options)
    let pod = try await client.get(.pods, namespace: "default", name: name)
    var text = Bytes()
    for try await piece in try await agent.logs(pod: pod, container: container, options: options) {
      text += piece
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Server and agent know each other; in one process for many nodes somebody must let go.
private struct WeakConnection: NodeConnection {
  weak let agent: NodeAgent?

  func logs(
    pod: KubeObject, container: String, options: LogOptions
  ) async throws -> AsyncThrowingStream<Bytes, any Error> {
    guard let agent else { throw KubeError(.serviceUnavailable, "the node is gone") }
    return try await agent.logs(pod: pod, container: container, options: options)
  }
}

private func withNode<Result>(
  claims: ClaimResolver? = nil, _ body: (TestNode) async throws -> Result
) async throws -> Result {
  try await withTemporaryFolder { folder in
    let node = try await TestNode(folder: folder, claims: claims)
    do {
      let result = try await body(node)
      await node.stop()
      return result
    } catch {
      await node.stop()
      throw error
    }
  }
}

private func isReady(_ pod: JSONValue) -> Bool {
  (pod.at("status", "conditions")?.array ?? []).contains {
    $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
  }
}

private func state(_ pod: JSONValue, _ container: String = "main") -> JSONValue? {
  let all =
    (pod.at("status", "containerStatuses")?.array ?? [])
    + (pod.at("status", "initContainerStatuses")?.array ?? [])
  return all.first { $0["name"]?.string == container }
}

@Suite struct NodeAgentTests {
  @Test func aPodRunsWithItsVolumesVariablesAndInitContainers() async throws {
    try await withNode { node in
      var settings = KubeObject(.configMaps, namespace: "default", name: "settings")
      settings["data"] = ["greeting": "hello"]
      try await node.client.create(.configMaps, settings)
      try await node.create(
        "web",
        #"""
        {"volumes": [{"name": "shared", "emptyDir": {}}, {"name": "c", "configMap": {"name": "settings"}}],
         "initContainers": [{"name": "fetch", "image": "x",
           "command": ["sh", "-c", "cp /etc/c/greeting /mnt/models/"],
           "volumeMounts": [{"name": "shared", "mountPath": "/mnt/models"},
             {"name": "c", "mountPath": "/etc/c"}]}],
         "containers": [{"name": "main", "image": "x",
           "command": ["sh", "-c",
             "echo $(WHO) from $POD_IP as $HOSTNAME; cat /mnt/models/greeting; echo; exec sleep 600"],
           "env": [{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
           "volumeMounts": [{"name": "shared", "mountPath": "/mnt/models"}]}]}
        """#)
      let pod = try await node.wait("web", isReady)
      #expect(pod.at("spec", "nodeName") == "test-node")
      #expect(pod.at("status", "phase") == "Running")
      #expect(state(pod, "fetch")?.at("state", "terminated", "reason") == "Completed")
      let address = try #require(pod.at("status", "podIP")?.string)
      #expect(address.hasPrefix("127."))
      #expect(
        await eventually { (try? await node.log("web", "main")) == "web from \(address) as web\nhello\n" })
      #expect(
        try await eventually {
          let events = try await node.client.list(.events, namespace: "default").items
          return Set(["Pulled", "Created", "Started"]).isSubset(
            of: events.compactMap { $0["reason"]?.string })
        })
      try await node.client.delete(.pods, namespace: "default", name: "web", gracePeriodSeconds: 1)
      #expect(try await eventually { try await node.pod("web") == nil })
      #expect(try await eventually { try Files.list("\(node.folder)/pods").isEmpty })
    }
  }

  @Test func aCrashingContainerIsRestartedWithItsMessageAndPreviousLog() async throws {
    try await withNode { node in
      try await node.create(
        "crash",
        #"""
        {"containers": [{"name": "main", "image": "x", "terminationMessagePolicy": "FallbackToLogsOnError",
          "command": ["sh", "-c", "echo out of luck; exit 3"]}]}
        """#)
      let pod = try await node.wait("crash") {
        state($0)?.at("state", "waiting", "reason")?.string == "CrashLoopBackOff"
      }
      let ended = state(pod)?.at("lastState", "terminated")
      #expect(ended?["exitCode"] == 3)
      #expect(ended?["reason"] == "Error")
      #expect(ended?["message"] == "out of luck\n")
      #expect(state(pod)?["restartCount"] == 1)
      #expect(try await node.log("crash", "main") == "out of luck\n")
      #expect(try await node.log("crash", "main") { $0.isPrevious = true } == "out of luck\n")
    }
  }

  @Test func aTerminationLogIsPreferredToTheLog() async throws {
    try await withNode { node in
      try await node.create(
        "job",
        #"""
        {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x",
          "command": ["sh", "-c", "echo noise; echo because > /dev/termination-log; exit 9"]}]}
        """#)
      let pod = try await node.wait("job") { $0.at("status", "phase")?.string == "Failed" }
      #expect(state(pod)?.at("state", "terminated", "message") == "because\n")
    }
  }

  @Test func anImageThatCannotRunSaysSoInTheStatus() async throws {
    try await withNode { node in
      try await node.create("gpu", #"{"containers": [{"name": "main", "image": "corp/cudaserver:24"}]}"#)
      let pod = try await node.wait("gpu") {
        state($0)?.at("state", "waiting", "reason")?.string == "ErrImagePull"
      }
      #expect(state(pod)?.at("state", "waiting", "message")?.string?.contains("sklearnserver") == true)
      #expect(pod.at("status", "phase") == "Pending")
    }
  }

  @Test func probesDecideReadinessAndLiveness() async throws {
    try await withNode { node in
      try await node.create(
        "probed",
        #"""
        {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "x",
          "command": ["python3", "-m", "http.server", "18090"],
          "readinessProbe": {"httpGet": {"port": 18090}}, "livenessProbe": {"tcpSocket": {"port": 18090}}}]}
        """#)
      let pod = try await node.wait("probed", isReady)
      #expect(state(pod)?["started"] == true)
      try await node.create(
        "exec",
        #"""
        {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "x",
          "command": ["sh", "-c", "touch /data/ready; exec sleep 600"],
          "volumeMounts": [{"name": "v", "mountPath": "/data"}],
          "readinessProbe": {"exec": {"command": ["test", "-f", "/data/ready"]}}}]}
        """#)
      _ = try await node.wait("exec", isReady)
    }
  }

  @Test func aServiceReachesItsPodsByNameAndAddress() async throws {
    try await withNode { node in
      try await node.create(
        "server",
        #"""
        {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "x",
          "workingDir": "/srv/files", "volumeMounts": [{"name": "v", "mountPath": "/srv/files"}],
          "command": ["sh", "-c", "echo 'it works' > index.html; exec python3 -m http.server 18091"],
          "readinessProbe": {"tcpSocket": {"port": 18091}}}]}
        """#)
      let pod = try await node.wait("server", isReady)
      var service = KubeObject(.services, namespace: "default", name: "web")
      service.spec = ["ports": [["name": "http", "port": 80]]]
      try await node.client.create(.services, service)
      var slice = KubeObject(.endpointSlices, namespace: "default", name: "web-1")
      slice.labels = ["kubernetes.io/service-name": "web"]
      slice["addressType"] = "IPv4"
      slice["ports"] = [["name": "http", "port": 18_091]]
      slice["endpoints"] = [
        ["addresses": [pod.at("status", "podIP") ?? .null], "conditions": ["ready": true]]
      ]
      try await node.client.create(.endpointSlices, slice)
      // A foreign client finds it by its name and the Service's own port.
      try await node.create(
        "client",
        #"""
        {"restartPolicy": "OnFailure", "containers": [{"name": "main", "image": "x",
          "command": ["python3", "-c",
            "from urllib.request import *; print(urlopen('http://$(NAME)/').read().decode())"],
          "env": [{"name": "NAME", "value": "web.default.svc.cluster.local"}]}]}
        """#)
      _ = try await node.wait("client") { $0.at("status", "phase")?.string == "Succeeded" }
      #expect(try await node.log("client", "main") == "it works\n\n")
    }
  }

  @Test func aClaimIsAFolderThatTheNodeOffers() async throws {
    try await withTemporaryFolder { samples in
      try Files.writeAtomically(Bytes("model".utf8), to: "\(samples)/model.txt")
      let claims: ClaimResolver = { _, claim in claim == "samples" ? samples : nil }
      try await withNode(claims: claims) { node in
        try await node.create(
          "reader",
          #"""
          {"restartPolicy": "Never",
           "volumes": [{"name": "c", "persistentVolumeClaim": {"claimName": "samples"}}],
           "containers": [{"name": "main", "image": "x", "command": ["cat", "/mnt/pvc/model.txt"],
             "volumeMounts": [{"name": "c", "mountPath": "/mnt/pvc", "readOnly": true}]}]}
          """#)
        _ = try await node.wait("reader") { $0.at("status", "phase")?.string == "Succeeded" }
        #expect(try await node.log("reader", "main") == "model")
      }
    }
  }

  @Test func tooMuchMemoryEndsAContainer() async throws {
    try await withNode { node in
      try await node.create(
        "hungry",
        #"""
        {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x",
          "command": ["python3", "-c", "data = b'x' * (120 << 20); import time; time.sleep(600)"],
          "resources": {"limits": {"memory": "60Mi"}}}]}
        """#)
      let pod = try await node.wait("hungry") { $0.at("status", "phase")?.string == "Failed" }
      #expect(state(pod)?.at("state", "terminated", "reason") == "OOMKilled")
      #expect(state(pod)?.at("state", "terminated", "exitCode") == 137)
    }
  }

  @Test func aFollowedLogEndsWithItsContainer() async throws {
    try await withNode { node in
      try await node.create(
        "talk",
        #"""
        {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x",
          "command": ["sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done"]}]}
        """#)
      _ = try await node.wait("talk") { $0.at("status", "phase")?.string != "Pending" }
      #expect(try await node.log("talk", "main") { $0.isFollowing = true } == "1\n2\n3\n4\n5\n")
    }
  }

  @Test func podsComeBackAfterTheNodeWasKilled() async throws {
    try await withTemporaryFolder { folder in
      let store = MemoryStore()
      let (pod, before) = try await startPodThatIsKilled(folder, store)
      let volume = "\(folder)/pods/\(pod.at("metadata", "uid")?.string ?? "")/volumes/v"
      #expect(await eventually { before.allSatisfy { !isAlive($0) } })
      // Children of other tests hold the network for the moment between fork and exec.
      var pool: LoopbackAddressPool?
      let address = try #require(pod.at("status", "podIP")?.string)
      let network = try #require(Int(address.split(separator: ".")[1]))
      let isFree = try await eventually {
        pool = try LoopbackAddressPool(first: network)
        return pool?.network == network
      }
      #expect(isFree)
      let second = try await TestNode(folder: folder, store: store, pool: pool)
      let again = try await second.wait("web") { isReady($0) && state($0)?["restartCount"] == 1 }
      #expect(state(again)?.at("lastState", "terminated", "exitCode") == 137)
      #expect(again.at("status", "podIP")?.string == address)
      #expect(try Files.read("\(volume)/runs") == Bytes("run\n".utf8))
      await second.stop()
      #expect(await eventually { pids(volume).allSatisfy { !isAlive($0) } })
    }
  }

  private func pids(_ volume: String) -> [Int32] {
    let text = (try? Files.read("\(volume)/pids")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return text.split(separator: "\n").compactMap { Int32($0) }
  }

  /// Runs a pod on a node that is then killed; the node and what it held is gone when this returns.
  private func startPodThatIsKilled(
    _ folder: String, _ store: MemoryStore
  ) async throws -> (pod: JSONValue, processes: [Int32]) {
    let node = try await TestNode(folder: folder, store: store)
    try await node.create(
      "web",
      #"""
      {"volumes": [{"name": "v", "emptyDir": {}}],
       "initContainers": [{"name": "once", "image": "x", "command": ["sh", "-c", "echo run >> /data/runs"],
         "volumeMounts": [{"name": "v", "mountPath": "/data"}]}],
       "containers": [{"name": "main", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/data"}],
         "command": ["sh", "-c",
           "sh -c 'echo $PPID' >> /data/pids; (setsid sleep 600 & echo $! >> /data/pids); sleep 600; true"]}]}
      """#)
    let pod = try await node.wait("web", isReady)
    let volume = "\(folder)/pods/\(pod.at("metadata", "uid")?.string ?? "")/volumes/v"
    #expect(await eventually { pids(volume).count == 2 })
    let before = pids(volume)
    #expect(before.allSatisfy(isAlive))
    await node.kill()
    return (pod, before)
  }

  @Test func aPodSurvivesTheEndOfItsSupervisor() async throws {
    try await withNode { node in
      try await node.create(
        "web", #"{"containers": [{"name": "main", "image": "x", "command": ["sleep", "600"]}]}"#)
      let pod = try await node.wait("web", isReady)
      let mark = "APUS_POD_UID=\(pod.at("metadata", "uid")?.string ?? "")"
      let before = ProcessTable.processes(withEnvironment: mark)
      #expect(before.count == 1)
      let supervisors = ProcessTable.children(of: ProcessEnvironment.processIdentifier).filter {
        ProcessTable.children(of: $0) == before
      }
      #expect(supervisors.count == 1)
      for supervisor in supervisors { Signal.kill.send(to: supervisor) }
      let again = try await node.wait("web") { isReady($0) && state($0)?["restartCount"] == 1 }
      #expect(again.at("status", "phase") == "Running")
      #expect(before.allSatisfy { !isAlive($0) })
    }
  }

  @Test func aDeletedNodeObjectComesBack() async throws {
    try await withNode { node in
      let isThere = try await eventually { try await node.client.find(.nodes, name: "test-node") != nil }
      #expect(isThere)
      let first = try await node.client.get(.nodes, name: "test-node").uid
      try await node.client.delete(.nodes, name: "test-node")
      let isBack = try await eventually {
        let found = try await node.client.find(.nodes, name: "test-node")
        return found?.uid != first && found?.status?.at("capacity", "pods") != nil
      }
      #expect(isBack)
    }
  }

  @Test func theNodeKeepsALease() async throws {
    try await withNode { node in
      let isThere = try await eventually {
        try await node.client.find(NodeLease.resource, namespace: "kube-node-lease", name: "test-node") != nil
      }
      #expect(isThere)
      let lease = try await node.client.get(
        NodeLease.resource, namespace: "kube-node-lease", name: "test-node")
      let owner = try await node.client.get(.nodes, name: "test-node")
      #expect(lease.spec?["holderIdentity"] == "test-node")
      #expect(lease.spec?["leaseDurationSeconds"]?.int == 600)
      #expect(lease.ownerReferences.map(\.uid) == [owner.uid])
      // Renewed, it is the same object with a later time.
      let later = try #require(Timestamp(rfc3339: "2100-01-01T00:00:00Z"))
      try await NodeLease.renew(of: owner, client: node.client, now: later, interval: 300)
      let renewed = try await node.client.get(
        NodeLease.resource, namespace: "kube-node-lease", name: "test-node")
      #expect(renewed.uid == lease.uid)
      #expect(renewed.spec?["renewTime"] == "2100-01-01T00:00:00.000000Z")
    }
  }

  @Test func theNodeRegistersItself() async throws {
    try await withNode { node in
      let isRegistered = try await eventually {
        let found = try await node.client.find(.nodes, name: "test-node")
        return (found?.status?["conditions"]?.array ?? []).contains {
          $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
        }
      }
      #expect(isRegistered)
    }
  }
}
