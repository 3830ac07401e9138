import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Testing

@testable import APIServer

@Suite struct DeletionTests {
  private func dependent(_ name: String, of owner: KubeObject) -> KubeObject {
    var object = KubeObject.configMap(name)
    object.ownerReferences = [OwnerReference(controller: owner)]
    return object
  }

  @Test func finalizersHoldAnObjectUntilTheyAreGone() async throws {
    try await TestServer.run { test in
      var object = KubeObject.configMap("a")
      object.finalizers = ["example.com/hold"]
      try await test.client.create(.configMaps, object)
      try await test.client.delete(.configMaps, namespace: "default", name: "a")
      let held = try await test.client.get(.configMaps, namespace: "default", name: "a")
      #expect(held.isBeingDeleted)
      let added = await kubeError {
        try await test.client.patch(
          .configMaps, namespace: "default", name: "a",
          ["metadata": ["finalizers": ["example.com/hold", "example.com/more"]]])
      }
      #expect(added?.code == 422)
      try await test.client.patch(
        .configMaps, namespace: "default", name: "a", ["metadata": ["finalizers": .null]])
      #expect(try await test.client.find(.configMaps, namespace: "default", name: "a") == nil)
    }
  }

  @Test func preconditionsGuardAgainstLaterObjects() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a"))
      let error = await kubeError {
        try await test.client.delete(.configMaps, namespace: "default", name: "a", uid: "another")
      }
      #expect(error?.code == 409)
      #expect(error?.message.contains("Precondition failed: UID in precondition: another") == true)
    }
  }

  @Test func dependentsGoWithTheirOwner() async throws {
    try await TestServer.run { test in
      let owner = try await test.client.create(.configMaps, .configMap("owner"))
      let child = try await test.client.create(.configMaps, dependent("child", of: owner))
      try await test.client.create(.configMaps, dependent("grandchild", of: child))
      try await test.client.delete(.configMaps, namespace: "default", name: "owner")
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "child")
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "grandchild")
    }
  }

  @Test func inTheForegroundTheOwnerGoesLast() async throws {
    try await TestServer.run { test in
      let owner = try await test.client.create(.configMaps, .configMap("owner"))
      var child = dependent("child", of: owner)
      child.finalizers = ["example.com/hold"]
      try await test.client.create(.configMaps, child)
      try await test.client.delete(
        .configMaps, namespace: "default", name: "owner", propagation: "Foreground")
      let waiting = try await test.client.get(.configMaps, namespace: "default", name: "owner")
      #expect(waiting.finalizers == ["foregroundDeletion"])
      try await test.client.patch(
        .configMaps, namespace: "default", name: "child", ["metadata": ["finalizers": .null]])
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "owner")
      #expect(try await test.client.find(.configMaps, namespace: "default", name: "child") == nil)
    }
  }

  @Test func orphansStayWithoutTheirOwner() async throws {
    try await TestServer.run { test in
      let owner = try await test.client.create(.configMaps, .configMap("owner"))
      try await test.client.create(.configMaps, dependent("child", of: owner))
      try await test.client.delete(.configMaps, namespace: "default", name: "owner", propagation: "Orphan")
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "owner")
      let child = try await test.client.get(.configMaps, namespace: "default", name: "child")
      #expect(child.ownerReferences.isEmpty)
    }
  }

  @Test func anObjectWhoseOwnerNeverWasIsCollected() async throws {
    try await TestServer.run { test in
      var ghost = KubeObject.configMap("ghost")
      ghost.uid = "00000000-0000-4000-8000-000000000000"
      try await test.client.create(.configMaps, dependent("child", of: ghost))
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "child")
    }
  }

  @Test func podsThatRunGetTheirGracePeriod() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("p")
      pod.json.set("node", at: "spec", "nodeName")
      try await test.client.create(.pods, pod)
      try await test.client.delete(.pods, namespace: "default", name: "p")
      let ending = try await test.client.get(.pods, namespace: "default", name: "p")
      #expect(ending.metadata["deletionGracePeriodSeconds"] == 30)
      #expect(ending.deletionTimestamp == test.clock.now().adding(.seconds(30)))
      try await test.client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0)
      #expect(try await test.client.find(.pods, namespace: "default", name: "p") == nil)
      try await test.client.create(.pods, .pod("unscheduled"))
      try await test.client.delete(.pods, namespace: "default", name: "unscheduled")
      #expect(try await test.client.find(.pods, namespace: "default", name: "unscheduled") == nil)
    }
  }

  @Test func aNegativeGracePeriodIsOneSecond() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("p")
      pod.json.set("node", at: "spec", "nodeName")
      try await test.client.create(.pods, pod)
      try await test.client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: -5)
      let ending = try await test.client.get(.pods, namespace: "default", name: "p")
      #expect(ending.metadata["deletionGracePeriodSeconds"] == 1)
      #expect(ending.deletionTimestamp == test.clock.now().adding(.seconds(1)))
    }
  }

  @Test func namespacesGoWithTheirContent() async throws {
    try await TestServer.run { test in
      try await test.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
      var held = KubeObject.configMap("held", namespace: "team")
      held.finalizers = ["example.com/hold"]
      try await test.client.create(.configMaps, held)
      try await test.client.create(.configMaps, .configMap("a", namespace: "team"))
      try await test.client.delete(.namespaces, name: "team")
      let ending = try await test.client.get(.namespaces, name: "team")
      #expect(ending.status?["phase"] == "Terminating")
      let late = await kubeError {
        try await test.client.create(.configMaps, .configMap("late", namespace: "team"))
      }
      #expect(late?.code == 403)
      #expect(late?.message.contains("because it is being terminated") == true)
      try await test.client.patch(
        .configMaps, namespace: "team", name: "held", ["metadata": ["finalizers": .null]])
      try await test.waitUntilGone(.namespaces, name: "team")
      #expect(try await test.client.list(.configMaps, namespace: "team").items.isEmpty)
    }
  }

  @Test func newNamespacesGetADefaultServiceAccount() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.serviceAccounts)
      #expect(Set(list.items.map(\.namespace)) == Set(APIServer.defaultNamespaces))
      try await test.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
      for try await event in try await test.client.watch(
        .serviceAccounts, namespace: "team", resourceVersion: list.resourceVersion)
      where event.kind == .added {
        #expect(event.object.name == "default")
        break
      }
    }
  }

  @Test func wholeCollectionsAreDeletedBySelector() async throws {
    try await TestServer.run { test in
      for name in ["a", "b", "c"] {
        var object = KubeObject.configMap(name)
        object.labels = ["keep": name == "b" ? "yes" : "no"]
        try await test.client.create(.configMaps, object)
      }
      let answer = try await test.json(
        KubeRequest(
          method: "DELETE", path: "/api/v1/namespaces/default/configmaps",
          query: [("labelSelector", "keep=no")]))
      #expect(answer.status == 200)
      #expect(try await test.client.list(.configMaps, namespace: "default").items.map(\.name) == ["b"])
    }
  }

  @Test func oldEventsAreRemoved() async throws {
    try await TestServer.run { test in
      for (name, age) in [("old", 0), ("new", 1)] {
        test.clock.advance(.seconds(age * 1800))
        var event = KubeObject(.events, namespace: "default", name: name)
        event["involvedObject"] = ["kind": "Pod", "name": "p"]
        event["lastTimestamp"] = .string(test.clock.now().rfc3339)
        try await test.client.create(.events, event)
      }
      test.clock.advance(.seconds(1801))
      try await test.server.pruneExpiredEvents()
      #expect(try await test.client.list(.events, namespace: "default").items.map(\.name) == ["new"])
    }
  }

  @Test func aLargeCollectionGoesAtOnceAndIsAnsweredInOrder() async throws {
    try await TestServer.run { test in
      var names: [String] = []
      for index in 100..<300 {
        var object = KubeObject.configMap("o\(index)")
        object.labels = ["bulk": index % 2 == 0 ? "1" : "0"]
        try await test.client.create(.configMaps, object)
        if index % 2 == 0 { names.append("o\(index)") }
      }
      let answer = try await test.json(
        KubeRequest(
          method: "DELETE", path: "/api/v1/namespaces/default/configmaps",
          query: [("labelSelector", "bulk=1")]))
      #expect(answer.json["items"]?.array?.compactMap { $0["metadata"]?["name"]?.string } == names)
      let left = try await test.client.list(.configMaps, namespace: "default").items
      #expect(left.filter { $0.labels["bulk"] == "1" }.isEmpty)
      #expect(left.filter { $0.labels["bulk"] == "0" }.count == 100)
    }
  }

  /// The collector's own watch may lag behind by two changes here, while a hundred come at once.
  @Test func dependentsGoEvenWhereTheCollectorFellBehind() async throws {
    let server = APIServer(store: MemoryStore(limits: StoreLimits(watcherEvents: 2)), random: TestRandom())
    try await server.start()
    let client = server.client
    let owner = try await client.create(.configMaps, .configMap("owner"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<100 {
        var child = KubeObject.configMap("child\(index)")
        child.ownerReferences = [OwnerReference(controller: owner)]
        group.addTask { [child] in try await client.create(.configMaps, child) }
      }
      try await group.waitForAll()
    }
    try await client.delete(.configMaps, namespace: "default", name: "owner")
    while try await !client.list(.configMaps, namespace: "default").items.isEmpty { await Task.yield() }
    await server.stop()
  }
}
