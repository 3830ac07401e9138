import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct ObjectTests {
  @Test func createdObjectsGetWhatOnlyTheServerDecides() async throws {
    try await TestServer.run { test in
      var wished = KubeObject.configMap("a", ["k": "v"])
      wished.uid = "mine"
      wished.json.set("2001-01-01T00:00:00Z", at: "metadata", "deletionTimestamp")
      let created = try await test.client.create(.configMaps, wished)
      #expect(created.uid.count == 36)
      #expect(created.creationTimestamp == test.clock.now())
      #expect(!created.isBeingDeleted)
      #expect(Int64(created.resourceVersion) != nil)
      let read = try await test.client.get(.configMaps, namespace: "default", name: "a")
      #expect(read == created)
    }
  }

  @Test func namesAreGeneratedFromAPrefix() async throws {
    try await TestServer.run { test in
      var wished = KubeObject.configMap("")
      wished.json.set(nil, at: "metadata", "name")
      wished.json.set("job-", at: "metadata", "generateName")
      let first = try await test.client.create(.configMaps, wished)
      let second = try await test.client.create(.configMaps, wished)
      #expect(first.name.hasPrefix("job-") && first.name.utf8.count == 9)
      #expect(first.name != second.name)
    }
  }

  @Test func badNamesAndStrangersAreRefused() async throws {
    try await TestServer.run { test in
      let bad = await kubeError { try await test.client.create(.configMaps, .configMap("Not_A_Name")) }
      #expect(bad?.code == 422)
      #expect(bad?.causes.first?.field == "metadata.name")
      #expect(
        bad?.message.hasPrefix("ConfigMap \"Not_A_Name\" is invalid: metadata.name: Invalid value") == true)
      let homeless = await kubeError {
        try await test.client.create(.configMaps, .configMap("a", namespace: "nowhere"))
      }
      #expect(homeless?.code == 404)
      #expect(homeless?.message == "namespaces \"nowhere\" not found")
      try await test.client.create(.configMaps, .configMap("a"))
      let twice = await kubeError { try await test.client.create(.configMaps, .configMap("a")) }
      #expect(twice?.message == "configmaps \"a\" already exists")
      let missing = await kubeError {
        _ = try await test.client.get(.configMaps, namespace: "default", name: "b")
      }
      #expect(missing?.message == "configmaps \"b\" not found")
      #expect(missing?.reason == .notFound)
    }
  }

  @Test func aStaleUpdateIsAConflict() async throws {
    try await TestServer.run { test in
      let created = try await test.client.create(.configMaps, .configMap("a", ["k": "1"]))
      var fresh = created
      fresh["data"] = ["k": "2"]
      try await test.client.update(.configMaps, fresh)
      let conflict = await kubeError { try await test.client.update(.configMaps, fresh) }
      #expect(conflict?.code == 409)
      #expect(
        conflict?.message
          == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please"
          + " apply your changes to the latest version and try again")
      fresh.resourceVersion = ""
      fresh["data"] = ["k": "3"]
      let updated = try await test.client.update(.configMaps, fresh)
      #expect(updated["data"] == ["k": "3"])
    }
  }

  @Test func anUpdateThatChangesNothingWritesNothing() async throws {
    try await TestServer.run { test in
      let created = try await test.client.create(.deployments, .deployment("web"))
      let same = try await test.client.update(.deployments, created)
      #expect(same.resourceVersion == created.resourceVersion)
    }
  }

  @Test func generationCountsChangesOfTheSpecAlone() async throws {
    try await TestServer.run { test in
      let created = try await test.client.create(.deployments, .deployment("web"))
      #expect(created.generation == 1)
      let labelled = try await test.client.patch(
        .deployments, namespace: "default", name: "web", ["metadata": ["labels": ["a": "b"]]])
      #expect(labelled.generation == 1)
      let scaled = try await test.client.patch(
        .deployments, namespace: "default", name: "web", ["spec": ["replicas": 3]])
      #expect(scaled.generation == 2)
    }
  }

  @Test func statusAndSpecAreWrittenApart() async throws {
    try await TestServer.run { test in
      var object = try await test.client.create(.deployments, .deployment("web"))
      object.status = ["replicas": 7]
      object.json.set(5, at: "spec", "replicas")
      let byStatus = try await test.client.updateStatus(.deployments, object)
      #expect(byStatus.status == ["replicas": 7])
      #expect(byStatus.json.at("spec", "replicas") == 1)
      var second = byStatus
      second.status = ["replicas": 9]
      second.json.set(5, at: "spec", "replicas")
      let bySpec = try await test.client.update(.deployments, second)
      #expect(bySpec.status == ["replicas": 7])
      #expect(bySpec.json.at("spec", "replicas") == 5)
    }
  }

  @Test func deploymentsAndPodsGetUpstreamsDefaults() async throws {
    try await TestServer.run { test in
      let deployment = try await test.client.create(.deployments, .deployment("web"))
      #expect(deployment.json.at("spec", "strategy", "rollingUpdate", "maxSurge") == "25%")
      #expect(deployment.json.at("spec", "progressDeadlineSeconds") == 600)
      let template = deployment.json.at("spec", "template", "spec") ?? [:]
      #expect(template["restartPolicy"] == "Always")
      #expect(template["terminationGracePeriodSeconds"] == 30)
      #expect(template["containers"]?[0]?["ports"]?[0]?["protocol"] == "TCP")
      #expect(template["containers"]?[0]?["imagePullPolicy"] == "IfNotPresent")
      let pod = try await test.client.create(.pods, .pod("p"))
      #expect(pod.status?["phase"] == "Pending")
      #expect(pod.spec?["serviceAccountName"] == "default")
      #expect(pod.spec?["dnsPolicy"] == "ClusterFirst")
    }
  }

  @Test func aPodNeedsTheAccountThatItNames() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("p")
      pod.spec?["serviceAccountName"] = "reader"
      let error = await #expect(throws: KubeError.self) { try await test.client.create(.pods, pod) }
      #expect(
        error?.message
          == #"pods "p" is forbidden: error looking up service account default/reader: serviceaccount "reader" not found"#
      )
      #expect(error?.reason == .forbidden)
      try await test.client.create(
        .serviceAccounts, KubeObject(.serviceAccounts, namespace: "default", name: "reader"))
      #expect(try await test.client.create(.pods, pod).spec?["serviceAccountName"] == "reader")
    }
  }

  @Test func secretsFoldPlainTextIntoData() async throws {
    try await TestServer.run { test in
      var secret = KubeObject(.secrets, namespace: "default", name: "s")
      secret["stringData"] = ["user": "admin"]
      let created = try await test.client.create(.secrets, secret)
      #expect(created["data"] == ["user": "YWRtaW4="])
      #expect(created["stringData"] == nil)
      #expect(created["type"] == "Opaque")
    }
  }

  @Test func servicesGetPortsAndAddresses() async throws {
    try await TestServer.run { test in
      var service = KubeObject(.services, namespace: "default", name: "web")
      service.spec = ["ports": [["port": 80]], "selector": ["app": "web"]]
      let created = try await test.client.create(.services, service)
      #expect(created.json.at("spec", "ports")?[0]?["targetPort"] == 80)
      #expect(created.spec?["clusterIP"]?.string?.hasPrefix("127.96.") == true)
      service.name = "other"
      let other = try await test.client.create(.services, service)
      #expect(other.spec?["clusterIP"] != created.spec?["clusterIP"])
      // An update that does not name the address keeps it.
      service.name = "web"
      service.json.set(8080, at: "spec", "ports")
      service.spec = ["ports": [["port": 8080]], "selector": ["app": "web"]]
      let updated = try await test.client.update(.services, service)
      #expect(updated.spec?["clusterIP"] == created.spec?["clusterIP"])
      try await test.client.delete(.services, namespace: "default", name: "web")
      service.name = "third"
      service.json.set(created.spec?["clusterIP"], at: "spec", "clusterIP")
      let third = try await test.client.create(.services, service)
      #expect(third.spec?["clusterIP"] == created.spec?["clusterIP"])
    }
  }

  @Test func unknownFieldsAreWarnedOfRefusedOrIgnored() async throws {
    try await TestServer.run { test in
      var body = KubeObject.deployment("web").json
      body.set(true, at: "spec", "imaginary")
      func request(_ mode: String?) -> KubeRequest {
        KubeRequest(
          method: "POST", path: "/apis/apps/v1/namespaces/default/deployments",
          query: mode.map { [("fieldValidation", $0)] } ?? [], body: .json(body))
      }
      let strict = try await test.json(request("Strict"))
      #expect(strict.status == 400)
      #expect(
        strict.json["message"]?.string?.contains(#"strict decoding error: unknown field "spec.imaginary""#)
          == true)
      let warned = try await test.json(request(nil))
      #expect(warned.status == 201)
      #expect(warned.warnings == [#"unknown field "spec.imaginary""#])
      #expect(warned.json.at("spec", "imaginary") == nil)
      try await test.client.delete(.deployments, namespace: "default", name: "web")
      let ignored = try await test.json(request("Ignore"))
      #expect(ignored.warnings.isEmpty)
      let duplicate = try await test.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/configmaps",
          query: [("fieldValidation", "Strict")],
          body: .bytes(
            Array(#"{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}"#.utf8),
            contentType: "application/json")))
      #expect(duplicate.json["message"]?.string?.contains(#"duplicate field "data.a""#) == true)
    }
  }

  @Test func invalidObjectsNameEveryFault() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("p")
      pod.spec = ["containers": [["name": "UPPER"]]]
      let error = await kubeError { try await test.client.create(.pods, pod) }
      #expect(error?.code == 422)
      #expect(error?.causes.map(\.field) == ["spec.containers[0].name", "spec.containers[0].image"])
      var wrong = KubeObject.deployment("d")
      wrong.json.set("three", at: "spec", "replicas")
      let typed = await kubeError { try await test.client.create(.deployments, wrong) }
      #expect(typed?.code == 400)
      #expect(typed?.message.contains("spec.replicas") == true)
    }
  }

  @Test func whatUpstreamFillsInMayBeMissing() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("p")
      pod.spec = [
        "containers": [
          [
            "name": "main", "image": "i",
            "resources": ["limits": ["cpu": .number(try #require(JSONNumber(0.5)))]],
          ]
        ]
      ]
      var created = try await test.client.create(.pods, pod)
      let resources = created.json.at("spec", "containers")?[0]?["resources"]
      #expect(resources == ["limits": ["cpu": "0.5"], "requests": ["cpu": "0.5"]])
      created.status = ["containerStatuses": [["name": "main"]]]
      try await test.client.updateStatus(.pods, created)
      var slice = KubeObject(.endpointSlices, namespace: "default", name: "s")
      slice["addressType"] = "IPv4"
      try await test.client.create(.endpointSlices, slice)
    }
  }

  @Test func dryRunStoresNothing() async throws {
    try await TestServer.run { test in
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/configmaps", query: [("dryRun", "All")],
          body: .json(KubeObject.configMap("a").json)))
      #expect(answer.status == 201)
      #expect(try await test.client.find(.configMaps, namespace: "default", name: "a") == nil)
    }
  }

  @Test func yamlBodiesAreRead() async throws {
    try await TestServer.run { test in
      let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  k: v\n"
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/configmaps",
          body: .bytes(Array(text.utf8), contentType: "application/yaml")))
      #expect(answer.status == 201)
      #expect(answer.json.at("data", "k") == "v")
    }
  }
}
