import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct PatchTests {
  @Test func strategicPatchesMergeContainersByName() async throws {
    try await TestServer.run { test in
      try await test.client.create(.deployments, .deployment("web"))
      let patched = try await test.client.patch(
        .deployments, namespace: "default", name: "web", type: .strategicMerge,
        ["spec": ["template": ["spec": ["containers": [["name": "side", "image": "side:v1"]]]]]])
      let containers = patched.json.at("spec", "template", "spec", "containers")?.array ?? []
      #expect(Set(containers.compactMap { $0["name"]?.string }) == ["main", "side"])
    }
  }

  @Test func mergeAndJSONPatchesApply() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a", ["x": "1", "y": "2"]))
      let merged = try await test.client.patch(
        .configMaps, namespace: "default", name: "a", ["data": ["x": .null, "z": "3"]])
      #expect(merged["data"] == ["y": "2", "z": "3"])
      let changed = try await test.client.patch(
        .configMaps, namespace: "default", name: "a", type: .json,
        [["op": "replace", "path": "/data/y", "value": "4"]])
      #expect(changed["data"] == ["y": "4", "z": "3"])
      let failed = await kubeError {
        try await test.client.patch(
          .configMaps, namespace: "default", name: "a", type: .json,
          [["op": "test", "path": "/data/y", "value": "nope"]])
      }
      #expect(failed?.code == 422)
    }
  }

  @Test func aPatchWithAResourceVersionIsConditional() async throws {
    try await TestServer.run { test in
      let created = try await test.client.create(.configMaps, .configMap("a"))
      try await test.client.patch(.configMaps, namespace: "default", name: "a", ["data": ["x": "1"]])
      let stale = await kubeError {
        try await test.client.patch(
          .configMaps, namespace: "default", name: "a",
          ["metadata": ["resourceVersion": .string(created.resourceVersion)], "data": ["x": "2"]])
      }
      #expect(stale?.reason == .conflict)
    }
  }

  @Test func concurrentPatchesAllCount() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<8 {
          group.addTask {
            try await test.client.patch(
              .configMaps, namespace: "default", name: "a",
              ["data": .object(JSONObject([("k\(index)", JSONValue.string("v"))]))])
          }
        }
        try await group.waitForAll()
      }
      let object = try await test.client.get(.configMaps, namespace: "default", name: "a")
      #expect(object["data"]?.object?.count == 8)
    }
  }
}
