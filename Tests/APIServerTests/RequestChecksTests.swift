import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct RequestChecksTests {
  private let path = "/api/v1/namespaces/default/configmaps"

  private func status(_ test: TestServer, _ name: String, _ value: String) async throws -> Int {
    try await test.json(KubeRequest(method: "GET", path: path, query: [(name, value)])).status
  }

  @Test func listParametersThatAreNoNumbersAreBadRequests() async throws {
    try await TestServer.run { test in
      for (name, value) in [
        ("limit", "abc"), ("limit", "99999999999999999999"), ("resourceVersion", "abc"),
        ("resourceVersion", "-1"), ("continue", "garbage"),
      ] {
        #expect(try await status(test, name, value) == 400, "\(name)=\(value)")
      }
      let watch = try await test.json(
        KubeRequest(
          method: "GET", path: path, query: [("watch", "1"), ("resourceVersion", "abc")]))
      #expect(watch.status == 400)
      #expect(
        watch.json["message"]
          == "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax")
      #expect(try await status(test, "limit", "500") == 200)
      #expect(try await status(test, "resourceVersion", "0") == 200)
    }
  }

  @Test func aListOfTheFutureIsTooEarly() async throws {
    try await TestServer.run { test in
      let answer = try await test.json(
        KubeRequest(method: "GET", path: path, query: [("resourceVersion", "99999999999")]))
      #expect(answer.status == 504)
      #expect(answer.json["message"]?.string?.hasPrefix("Too large resource version: 99999999999") == true)
      #expect(answer.json["details"]?["retryAfterSeconds"] == 1)
    }
  }

  @Test func anUnknownDryRunWritesNothing() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("there"))
      for (method, name, kind) in [
        ("POST", "", "CreateOptions"), ("PUT", "/there", "UpdateOptions"),
        ("PATCH", "/there", "PatchOptions"),
        ("DELETE", "/there", "DeleteOptions"),
      ] {
        let body = KubeObject.configMap(method == "POST" ? "new" : "there", ["a": "changed"]).json
        let answer = try await test.json(
          KubeRequest(
            method: method, path: path + name, query: [("dryRun", "foo")],
            body: method == "DELETE" ? .none : .json(body),
            contentType: method == "PATCH" ? "application/merge-patch+json" : "application/json"))
        #expect(answer.status == 422)
        #expect(
          answer.json["message"]
            == .string(
              "\(kind).meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"foo\":"
                + " supported values: \"All\""
            ))
      }
      let left = try await test.client.list(.configMaps, namespace: "default").items.filter {
        $0.name != "kube-root-ca.crt"
      }
      #expect(left.map(\.name) == ["there"])
      #expect(left.first?["data"]?["a"] == nil)
    }
  }

  @Test func finalizersAreQualifiedNames() async throws {
    try await TestServer.run { test in
      for (finalizer, problem) in [
        ("bad", "name is neither a standard finalizer name nor is it fully qualified"),
        ("a b/c", "prefix part a lowercase RFC 1123 subdomain"), ("", "name part must be non-empty"),
      ] {
        var object = KubeObject.configMap("a")
        object.finalizers = [finalizer]
        let error = await kubeError { _ = try await test.client.create(.configMaps, object) }
        #expect(error?.code == 422)
        #expect(error?.causes.contains { $0.message.contains(problem) } == true, "\(error as Any)")
      }
      for finalizer in ["orphan", "foregroundDeletion", "kubernetes", "example.com/hold"] {
        var object = KubeObject.configMap(finalizer.lowercased().filter { $0 != "/" })
        object.finalizers = [finalizer]
        try await test.client.create(.configMaps, object)
      }
    }
  }

  @Test func metadataOfAWrongTypeIsNamed() async throws {
    try await TestServer.run { test in
      for (key, value, expected) in [
        (
          "name", 5 as JSONValue,
          "cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string"
        ),
        (
          "labels", "x",
          "cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string"
        ),
        (
          "annotations", ["a": 1],
          "cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string"
        ),
        (
          "finalizers", [1],
          "cannot unmarshal number into Go struct field ObjectMeta.metadata.finalizers of type string"
        ),
      ] {
        var body = KubeObject.configMap("a").json
        body.set(value, at: "metadata", key)
        let answer = try await test.json(KubeRequest(method: "POST", path: path, body: .json(body)))
        #expect(answer.status == 400)
        #expect(answer.json["message"]?.string?.contains(expected) == true, "\(answer.json)")
      }
    }
  }

  @Test func templateLabelsAreChecked() async throws {
    try await TestServer.run { test in
      var deployment = KubeObject.deployment("a")
      deployment.json.set("not a value!", at: "spec", "template", "metadata", "labels", "x")
      let error = await kubeError { _ = try await test.client.create(.deployments, deployment) }
      #expect(error?.code == 422)
      #expect(error?.causes.first?.field == "spec.template.labels")
    }
  }
}
