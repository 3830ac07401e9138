import APIServer
import Formats
import KubeProtocol
import Testing

@Suite struct QuotaTests {
  private func pod(_ name: String, _ resources: String = "{}", phase: String = "Running") throws -> KubeObject
  {
    var pod = KubeObject(.pods, namespace: "n", name: name)
    pod.spec = ["containers": [["name": "c", "resources": try JSONValue(parsing: resources)]]]
    pod.status = ["phase": .string(phase)]
    return pod
  }

  private func quota(_ hard: String) throws -> KubeObject {
    var quota = KubeObject(json: ["kind": "ResourceQuota", "metadata": ["name": "small"]])
    quota.spec = ["hard": try JSONValue(parsing: hard)]
    return quota
  }

  private static let half = #"{"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"cpu":"1"}}"#

  @Test(arguments: [
    (#"{"pods":"1"}"#, "exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1"),
    (#"{"pods":"2"}"#, ""),
    (
      #"{"requests.cpu":"800m"}"#,
      "requested: requests.cpu=500m, used: requests.cpu=500m, limited: requests.cpu=800m"
    ),
    (#"{"cpu":"1"}"#, ""),
    (#"{"memory":"1536Mi"}"#, "requested: memory=1Gi, used: memory=1Gi, limited: memory=1536Mi"),
    (#"{"limits.cpu":"1"}"#, "used: limits.cpu=1"),
    (#"{"limits.memory":"1Gi"}"#, "failed quota: small: must specify limits.memory"),
    (#"{"services":"0","requests.storage":"0","pods":"many"}"#, ""),
  ])
  func aPodIsCountedAgainstTheQuota(_ hard: String, _ words: String) throws {
    let others = [try pod("a", Self.half), try pod("done", Self.half, phase: "Succeeded")]
    let check = {
      try QuotaCheck.check(try pod("b", Self.half), quotas: [try quota(hard)], pods: others)
    }
    guard !words.isEmpty else { return try check() }
    let error = #expect(throws: KubeError.self) { try check() }
    #expect(error?.message.hasPrefix("pods \"b\" is forbidden: ") == true)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.code == 403)
  }
}
