import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Synchronization
import Testing

@testable import Workloads

@Suite(.timeLimit(.minutes(2))) struct StatefulSetTests {
  private func makeSet(_ replicas: Int, more: JSONValue = [:]) -> KubeObject {
    var set = KubeObject(.statefulSets, namespace: "default", name: "web")
    var spec: JSONValue = [
      "replicas": .int(replicas), "serviceName": "web", "selector": ["matchLabels": ["app": "web"]],
      "template": [
        "metadata": ["labels": ["app": "web"]],
        "spec": [
          "containers": [
            ["name": "c", "image": "v1", "volumeMounts": [["name": "data", "mountPath": "/data"]]]
          ]
        ],
      ],
      "volumeClaimTemplates": [
        [
          "metadata": ["name": "data"],
          "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
        ]
      ],
    ]
    for member in more.object?.members ?? [] { spec[member.key] = member.value }
    set.spec = spec
    return set
  }

  private func names(_ cluster: TestCluster) -> [String] { cluster.livePods.map(\.name).sorted() }

  private func isComplete(_ cluster: TestCluster, _ replicas: Int) -> Bool {
    guard let set = cluster.get(.statefulSets, "web") else { return false }
    return set.status?["observedGeneration"]?.int == set.generation
      && set.status?["readyReplicas"]?.int == Int64(replicas)
      && set.status?["replicas"]?.int == Int64(replicas)
      && set.status?["currentRevision"] == set.status?["updateRevision"]
  }

  @Test func podsComeOneAfterTheOtherWithClaimsOfTheirOwn() async throws {
    let open = Mutex(0)
    try await TestCluster.run(isReady: { pod in
      open.withLock { $0 >= (Int(pod.name.dropFirst("web-".count)) ?? 0) + 1 }
    }) { cluster in
      try await cluster.client.create(.statefulSets, makeSet(2))
      try await cluster.until {
        names(cluster) == ["web-0"] && PodState(cluster.livePods[0]).phase == "Running"
      }
      open.withLock { $0 = 2 }
      // The kubelet looks at a pod when something of it changes.
      try await cluster.client.patch(
        .pods, namespace: "default", name: "web-0", ["metadata": ["annotations": ["look": "again"]]])
      try await cluster.until { isComplete(cluster, 2) }
      #expect(names(cluster) == ["web-0", "web-1"])
      let pod = try #require(cluster.get(.pods, "web-1"))
      #expect(pod.spec?["hostname"] == "web-1" && pod.spec?["subdomain"] == "web")
      #expect(pod.labels["statefulset.kubernetes.io/pod-name"] == "web-1")
      #expect(
        pod.spec?["volumes"]?.array?.contains(
          ["name": "data", "persistentVolumeClaim": ["claimName": "data-web-1"]]) == true)
      try await cluster.until {
        ["data-web-0", "data-web-1"].allSatisfy {
          cluster.get(.persistentVolumeClaims, $0)?.status?["phase"] == "Bound"
        }
      }
    }
  }

  @Test func theLastPodGoesFirstAndDataStays() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.statefulSets, makeSet(3, more: ["podManagementPolicy": "Parallel"]))
      try await cluster.until { isComplete(cluster, 3) }
      try await cluster.client.patch(
        .statefulSets, namespace: "default", name: "web", subresource: "scale", ["spec": ["replicas": 1]])
      try await cluster.until { isComplete(cluster, 1) }
      #expect(names(cluster) == ["web-0"])
      #expect(cluster.get(.persistentVolumeClaims, "data-web-2") != nil)
    }
  }

  @Test func aNewTemplateReplacesPodAfterPodAndKeepsTheClaims() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.statefulSets, makeSet(2))
      try await cluster.until { isComplete(cluster, 2) }
      let claims = ["data-web-0", "data-web-1"].map { cluster.get(.persistentVolumeClaims, $0)?.uid }
      let before = cluster.get(.statefulSets, "web")?.status?["currentRevision"]
      try await cluster.client.patch(
        .statefulSets, namespace: "default", name: "web", type: .strategicMerge,
        ["spec": ["template": ["spec": ["containers": [["name": "c", "image": "v2"]]]]]])
      try await cluster.until { isComplete(cluster, 2) && cluster.images() == ["v2", "v2"] }
      #expect(cluster.get(.statefulSets, "web")?.status?["currentRevision"] != before)
      #expect(
        ["data-web-0", "data-web-1"].map { cluster.get(.persistentVolumeClaims, $0)?.uid } == claims)
      #expect(cluster.view.informer(.controllerRevisions).list(namespace: "default").count == 2)
    }
  }

  @Test func aLostPodComesBackUnderItsName() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.statefulSets, makeSet(2))
      try await cluster.until { isComplete(cluster, 2) }
      let old = try #require(cluster.get(.pods, "web-0")?.uid)
      try await cluster.client.delete(.pods, namespace: "default", name: "web-0")
      try await cluster.until { (cluster.get(.pods, "web-0")?.uid ?? old) != old && isComplete(cluster, 2) }
    }
  }

  @Test func faultsOnTheWayChangeNothing() async throws {
    let faults = RandomFaults(seed: 9, count: 40)
    try await TestCluster.run(faults: { faults.fault(for: $0) }) { cluster in
      try await cluster.client.create(.statefulSets, makeSet(3))
      try await cluster.until { isComplete(cluster, 3) }
      #expect(names(cluster) == ["web-0", "web-1", "web-2"])
    }
  }

  @Test(arguments: [0, 1, 2])
  func thePartitionKeepsLowerPodsAsTheyAre(_ partition: Int) throws {
    var set = makeSet(2, more: ["updateStrategy": ["rollingUpdate": ["partition": .int(partition)]]])
    set.status = ["currentRevision": "web-old"]
    let pods = (0...1).map { ordinal -> KubeObject in
      var pod = KubeObject(.pods, namespace: "default", name: "web-\(ordinal)")
      pod.uid = "\(ordinal)"
      pod.labels = ["controller-revision-hash": "web-old"]
      pod.status = ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]
      return pod
    }
    let plan = StatefulSetPlan(StatefulSetSpec(set), pods: pods, now: Timestamp(seconds: 0))
    #expect(plan.delete.map(\.name) == (partition == 2 ? [] : ["web-1"]))
    #expect(plan.create.isEmpty)
    #expect(plan.revision(of: 0) == (partition > 0 ? "web-old" : plan.updateRevision))
  }
}

@Suite(.timeLimit(.minutes(2))) struct ClaimTests {
  private func claim(_ name: String, size: String = "1Gi", more: JSONValue = [:]) -> KubeObject {
    var claim = KubeObject(.persistentVolumeClaims, namespace: "default", name: name)
    var spec: JSONValue = [
      "accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": .string(size)]],
    ]
    for member in more.object?.members ?? [] { spec[member.key] = member.value }
    claim.spec = spec
    return claim
  }

  private func volume(_ name: String, size: String, storageClass: String? = nil) -> KubeObject {
    var volume = KubeObject(.persistentVolumes, name: name)
    volume.spec = [
      "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": ["storage": .string(size)],
      "hostPath": ["path": .string("/srv/\(name)")],
    ]
    if let storageClass { volume.json.set(.string(storageClass), at: "spec", "storageClassName") }
    return volume
  }

  private func bound(_ name: String, _ cluster: TestCluster) -> String? {
    guard let claim = cluster.get(.persistentVolumeClaims, name), claim.status?["phase"] == "Bound" else {
      return nil
    }
    return claim.spec?["volumeName"]?.string
  }

  private func volumes(_ cluster: TestCluster) -> [KubeObject] {
    cluster.view.informer(.persistentVolumes).list()
  }

  @Test func aClaimGetsAFolderAtOnceAndTakesItAlong() async throws {
    try await TestCluster.run { cluster in
      let made = try await cluster.client.create(
        .persistentVolumeClaims, claim("data", more: ["storageClassName": "standard"]))
      try await cluster.until { bound("data", cluster) == "pvc-\(made.uid)" }
      let status = cluster.get(.persistentVolumeClaims, "data")?.status
      #expect(status?["capacity"] == ["storage": "1Gi"] && status?["accessModes"] == ["ReadWriteOnce"])
      let volume = try #require(volumes(cluster).first)
      #expect(volume.spec?.at("hostPath", "path")?.string == "/volumes/default/data-\(made.uid.prefix(8))")
      #expect(volume.spec?.at("claimRef", "uid")?.string == made.uid)
      try await cluster.until { volumes(cluster).first?.status?["phase"] == "Bound" }
      try await cluster.client.delete(.persistentVolumeClaims, namespace: "default", name: "data")
      try await cluster.until { volumes(cluster).isEmpty }
    }
  }

  @Test func theSmallestVolumeThatFitsIsTakenAndStays() async throws {
    try await TestCluster.run { cluster in
      for (name, size) in [("large", "9Gi"), ("small", "1Mi"), ("right", "2Gi")] {
        try await cluster.client.create(.persistentVolumes, volume(name, size: size))
      }
      try await cluster.client.create(
        .persistentVolumeClaims, claim("data", more: ["storageClassName": ""]))
      try await cluster.until { bound("data", cluster) == "right" }
      try await cluster.client.delete(.persistentVolumeClaims, namespace: "default", name: "data")
      try await cluster.until {
        volumes(cluster).first { $0.name == "right" }?.status?["phase"] == "Released"
      }
    }
  }

  @Test func aClaimWithoutClassWaitsForItsVolume() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(
        .persistentVolumeClaims, claim("data", more: ["storageClassName": "", "volumeName": "mine"]))
      try await cluster.client.create(.persistentVolumes, volume("other", size: "5Gi"))
      try await cluster.client.create(.persistentVolumes, volume("mine", size: "5Gi"))
      try await cluster.until { bound("data", cluster) == "mine" }
    }
  }

  @Test func faultsOnTheWayChangeNothing() async throws {
    let faults = RandomFaults(seed: 3, count: 30)
    try await TestCluster.run(faults: { faults.fault(for: $0) }) { cluster in
      for number in 1...3 {
        try await cluster.client.create(.persistentVolumeClaims, claim("data-\(number)"))
      }
      try await cluster.until { (1...3).allSatisfy { bound("data-\($0)", cluster) != nil } }
      #expect(volumes(cluster).count == 3)
    }
  }
}
