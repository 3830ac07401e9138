import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct TableTests {
  private func rows(_ test: TestServer, _ path: String) async throws -> [[JSONValue]] {
    let table = try await test.get(
      path,
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io"
    )
    return (table["rows"]?.array ?? []).map { $0["cells"]?.array ?? [] }
  }

  @Test func podsShowReadinessStatusAndRestarts() async throws {
    try await TestServer.run { test in
      var pod = try await test.client.create(.pods, .pod("p"))
      #expect(
        try await rows(test, "/api/v1/namespaces/default/pods")[0].prefix(5) == [
          "p", "0/1", "Pending", "0", "0s",
        ])
      let ended = test.clock.now().rfc3339
      pod.status = [
        "phase": "Running", "podIP": "127.1.0.2",
        "containerStatuses": [
          [
            "name": "main", "ready": false, "restartCount": 2, "image": "i", "imageID": "",
            "state": ["waiting": ["reason": "CrashLoopBackOff"]],
            "lastState": ["terminated": ["exitCode": 1, "finishedAt": .string(ended)]],
          ]
        ],
      ]
      try await test.client.updateStatus(.pods, pod)
      test.clock.advance(.seconds(300))
      let cells = try await rows(test, "/api/v1/namespaces/default/pods")[0]
      #expect(cells.prefix(5) == ["p", "0/1", "CrashLoopBackOff", "2 (5m ago)", "5m"])
      #expect(cells[5] == "127.1.0.2" && cells[6] == "<none>")
    }
  }

  @Test func statusWordsFollowUpstreamsPrinter() {
    func pod(_ status: JSONValue, deleted: Bool = false, initContainers: Int = 0) -> KubeObject {
      var pod = KubeObject.pod("p")
      pod.status = status
      if initContainers > 0 {
        pod.json.set(
          .array(Array(repeating: ["name": "i"], count: initContainers)), at: "spec", "initContainers")
      }
      if deleted { pod.deletionTimestamp = Timestamp(seconds: 1) }
      return pod
    }
    #expect(PodColumns.status(pod(["phase": "Pending"])) == "Pending")
    #expect(PodColumns.status(pod(["phase": "Running"], deleted: true)) == "Terminating")
    #expect(
      PodColumns.status(
        pod(
          ["phase": "Pending", "initContainerStatuses": [["state": ["running": [:]]]]], initContainers: 2))
        == "Init:0/2")
    #expect(
      PodColumns.status(
        pod(
          ["phase": "Pending", "initContainerStatuses": [["state": ["terminated": ["exitCode": 3]]]]],
          initContainers: 1)) == "Init:ExitCode:3")
    #expect(
      PodColumns.status(
        pod(["phase": "Failed", "containerStatuses": [["state": ["terminated": ["reason": "OOMKilled"]]]]]))
        == "OOMKilled")
    #expect(
      PodColumns.status(
        pod([
          "phase": "Succeeded", "containerStatuses": [["state": ["terminated": ["reason": "Completed"]]]],
        ])) == "Completed")
  }

  @Test func deploymentsServicesAndEventsHaveTheirColumns() async throws {
    try await TestServer.run { test in
      var deployment = try await test.client.create(.deployments, .deployment("web"))
      deployment.status = ["replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1]
      try await test.client.updateStatus(.deployments, deployment)
      let cells = try await rows(test, "/apis/apps/v1/deployments")[0]
      #expect(cells.prefix(5) == ["web", "1/1", 1, 1, "0s"])
      #expect(cells.suffix(3) == ["main", "server:v1", "app=web"])

      var service = KubeObject(.services, namespace: "default", name: "web")
      service.spec = [
        "ports": [["port": 80], ["port": 53, "protocol": "UDP", "name": "dns"]], "selector": ["a": "b"],
      ]
      service.json.set(
        [["port": 80, "name": "http"], ["port": 53, "protocol": "UDP", "name": "dns"]], at: "spec", "ports")
      let created = try await test.client.create(.services, service)
      let row = try await rows(test, "/api/v1/namespaces/default/services")[0]
      #expect(
        row == [
          "web", "ClusterIP", created.spec?["clusterIP"] ?? .null, "<none>", "80/TCP,53/UDP", "0s", "a=b",
        ])

      var event = KubeObject(.events, namespace: "default", name: "e")
      event["involvedObject"] = ["kind": "Pod", "name": "p"]
      event["reason"] = "Started"
      event["message"] = "Started container main\n"
      event["type"] = "Normal"
      event["count"] = 3
      event["firstTimestamp"] = .string(test.clock.now().rfc3339)
      test.clock.advance(.seconds(60))
      event["lastTimestamp"] = .string(test.clock.now().rfc3339)
      try await test.client.create(.events, event)
      let seen = try await rows(test, "/api/v1/namespaces/default/events")[0]
      #expect(seen[0] == "0s (x3 over 60s)")
      #expect(seen[1] == "Normal" && seen[2] == "Started" && seen[3] == "pod/p")
      #expect(seen[6] == "Started container main")
    }
  }

  @Test func agesReadLikeKubectls() {
    let cases: [(Int64, String)] = [
      (0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (900, "15m"), (3 * 3600, "3h"),
      (3 * 3600 + 60, "3h1m"),
      (9 * 3600, "9h"), (50 * 3600, "2d2h"), (10 * 86_400, "10d"), (800 * 86_400, "2y70d"), (-5, "<invalid>"),
    ]
    for (seconds, text) in cases { #expect(AgeText.text(.seconds(seconds)) == text) }
  }
}
