import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import Workloads

private let start = Timestamp(seconds: 1_790_000_000)

private func makeJob(_ spec: String, status: String = "{}") throws -> KubeObject {
  var job = KubeObject(.jobs, namespace: "default", name: "work")
  job.uid = "u"
  job.spec = try JSONValue(parsing: spec)
  job.json.set(
    [
      "metadata": ["labels": ["job-name": "work"]],
      "spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]],
    ], at: "spec", "template")
  job.status = try JSONValue(parsing: status)
  return job
}

private func makePod(_ phase: String, index: Int? = nil, restarts: Int64 = 0) -> KubeObject {
  var pod = KubeObject(.pods, namespace: "default", name: "work-\(phase)-\(index ?? 0)")
  if let index { pod.annotations = ["batch.kubernetes.io/job-completion-index": String(index)] }
  pod.status = ["phase": .string(phase), "containerStatuses": [["restartCount": .int(restarts)]]]
  return pod
}

@Suite struct JobProgressTests {
  /// `R` runs, `S` has succeeded, `F` has failed.
  private func step(
    _ spec: String, _ pods: String, status: String = "{}", restarts: Int64 = 0, after seconds: Int64 = 0
  ) throws -> JobProgress.Step {
    let phases: [Character: String] = ["R": "Running", "S": "Succeeded", "F": "Failed"]
    return JobProgress(
      JobSpec(try makeJob(spec, status: status)),
      pods: pods.map { makePod(phases[$0] ?? "", restarts: restarts) },
      now: start.adding(.seconds(seconds))
    ).step
  }

  private static let failure = JobProgress.Step.fail(
    reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit")

  @Test(arguments: [
    (#"{"completions":1}"#, "", 1, 0), (#"{"completions":1}"#, "R", 0, 0),
    (#"{"completions":3,"parallelism":2}"#, "", 2, 0), (#"{"completions":3,"parallelism":2}"#, "SR", 1, 0),
    (#"{"completions":3,"parallelism":2}"#, "SSR", 0, 0), (#"{"completions":3,"parallelism":2}"#, "SS", 1, 0),
    (#"{"completions":2,"parallelism":5}"#, "", 2, 0), (#"{"completions":4,"parallelism":1}"#, "RRR", 0, 2),
    (#"{"completions":1}"#, "F", 1, 0), (#"{"parallelism":3}"#, "R", 2, 0),
    (#"{"parallelism":3}"#, "RS", 0, 0),
  ])
  func asManyPodsRunAsAreWanted(_ spec: String, _ pods: String, _ create: Int, _ surplus: Int) throws {
    #expect(
      try step(spec, pods) == .go(create: Array(repeating: nil, count: create), surplus: surplus))
  }

  @Test(arguments: [
    (#"{"completions":1}"#, "S", "{}"), (#"{"completions":2,"parallelism":2}"#, "SSR", "{}"),
    (#"{"parallelism":2}"#, "SF", "{}"), (#"{"completions":2}"#, "S", #"{"succeeded":2}"#),
    (#"{"completions":0}"#, "", "{}"),
  ])
  func enoughSuccessesAreTheEnd(_ spec: String, _ pods: String, _ status: String) throws {
    #expect(try step(spec, pods, status: status) == .complete)
  }

  @Test func tooManyFailuresAreTheEnd() throws {
    #expect(try step(#"{"completions":1,"backoffLimit":0}"#, "F") == Self.failure)
    #expect(try step(#"{"completions":1,"backoffLimit":2}"#, "FF") != Self.failure)
    #expect(try step(#"{"completions":1,"backoffLimit":2}"#, "FFF") == Self.failure)
    #expect(try step(#"{"completions":1,"backoffLimit":2}"#, "", status: #"{"failed":3}"#) == Self.failure)
    var job = try makeJob(#"{"completions":1,"backoffLimit":2}"#)
    job.json.set("OnFailure", at: "spec", "template", "spec", "restartPolicy")
    func restarted(_ count: Int64) -> JobProgress.Step {
      JobProgress(JobSpec(job), pods: [makePod("Running", restarts: count)], now: start).step
    }
    #expect(restarted(1) == .go(create: [], surplus: 0))
    #expect(restarted(2) == Self.failure)
  }

  @Test func aDeadlineIsTheEnd() throws {
    let status = #"{"startTime":"\#(start.rfc3339)"}"#
    let spec = #"{"completions":1,"activeDeadlineSeconds":10}"#
    #expect(try step(spec, "R", status: status, after: 9) == .go(create: [], surplus: 0))
    #expect(
      try step(spec, "R", status: status, after: 10)
        == .fail(
          reason: "DeadlineExceeded", message: "Job was active longer than specified deadline"))
  }

  @Test func aSuspendedOneRests() throws {
    #expect(try step(#"{"completions":1,"suspend":true}"#, "R") == .suspend)
  }

  @Test func indexesAreGivenOnceEach() throws {
    let job = try makeJob(
      #"{"completions":5,"parallelism":3,"completionMode":"Indexed"}"#,
      status: #"{"completedIndexes":"0,2"}"#)
    let progress = JobProgress(
      JobSpec(job), pods: [makePod("Succeeded", index: 2), makePod("Running", index: 1)], now: start)
    #expect(progress.step == .go(create: [3, 4], surplus: 0))
    #expect(progress.makeStatus(now: start)["completedIndexes"] == "0,2")
    let pod = JobSpec(job).makePod(index: 3)
    #expect(pod.generateName == "work-3-")
    #expect(pod.spec?["hostname"] == "work-3")
    #expect(pod.spec?["containers"]?[0]?["env"]?[0] == ["name": "JOB_COMPLETION_INDEX", "value": "3"])
  }

  @Test(
    arguments: [
      ([], ""), ([0], "0"), ([0, 1, 2], "0-2"), ([0, 2, 3, 7], "0,2-3,7"),
    ] as [(Set<Int>, String)])
  func indexesAreWrittenAsRanges(_ indexes: Set<Int>, _ text: String) {
    #expect(IndexRanges.text(indexes) == text)
    #expect(IndexRanges.parse(text) == indexes)
  }

  @Test(arguments: ["x", "-1", "3-1", "0-99999999999", "1-2-3", ",,", "9223372036854775808"])
  func faultyRangesAreNoIndexes(_ text: String) {
    #expect(IndexRanges.parse(text).isEmpty)
  }
}

@Suite(.timeLimit(.minutes(2))) struct JobControllerTests {
  private func job(_ name: String, completions: Int, parallelism: Int = 1, more: JSONValue = [:])
    -> KubeObject
  {
    var job = KubeObject(.jobs, namespace: "default", name: name)
    var spec: JSONValue = [
      "completions": .int(completions), "parallelism": .int(parallelism),
      "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]],
    ]
    for member in more.object?.members ?? [] { spec[member.key] = member.value }
    job.spec = spec
    return job
  }

  /// The pod's program ends.
  private func end(_ pod: KubeObject, _ phase: String, _ cluster: TestCluster) async throws {
    try await cluster.client.patch(
      .pods, namespace: "default", name: pod.name, subresource: "status",
      ["status": ["phase": .string(phase)]])
  }

  private func condition(_ name: String, _ type: String, _ cluster: TestCluster) -> Bool {
    Conditions.isTrue(cluster.get(.jobs, name)?.status?["conditions"], type)
  }

  @Test func podsRunToCompletionAndStay() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.jobs, job("work", completions: 3, parallelism: 2))
      var ended: Set<String> = []
      while ended.count < 3 {
        try await cluster.until {
          cluster.livePods.contains { !ended.contains($0.name) && PodState($0).phase == "Running" }
        }
        #expect(cluster.livePods.count <= 2)
        for pod in cluster.livePods where !ended.contains(pod.name) && PodState(pod).phase == "Running" {
          try await end(pod, "Succeeded", cluster)
          ended.insert(pod.name)
        }
      }
      try await cluster.until { condition("work", "Complete", cluster) }
      let status = cluster.get(.jobs, "work")?.status
      #expect(status?["succeeded"] == 3 && status?["active"] == nil)
      #expect(status?["startTime"] != nil && status?["completionTime"] != nil)
      #expect(cluster.pods.count == 3, "their logs can still be read")
    }
  }

  @Test func tooManyFailuresEndItAndItsOtherPods() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(
        .jobs, job("work", completions: 4, parallelism: 2, more: ["backoffLimit": 0]))
      try await cluster.until { cluster.livePods.filter { PodState($0).phase == "Running" }.count == 2 }
      try await end(try #require(cluster.livePods.first), "Failed", cluster)
      try await cluster.until { condition("work", "Failed", cluster) && cluster.livePods.isEmpty }
      #expect(cluster.get(.jobs, "work")?.condition("Failed")?.reason == "BackoffLimitExceeded")
    }
  }

  @Test func aSuspendedJobHasNoPodsUntilItGoesOn() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.jobs, job("work", completions: 1, more: ["suspend": true]))
      try await cluster.until { condition("work", "Suspended", cluster) }
      #expect(cluster.pods.isEmpty)
      try await cluster.client.patch(
        .jobs, namespace: "default", name: "work", ["spec": ["suspend": false]])
      try await cluster.until { cluster.livePods.count == 1 }
    }
  }

  /// Whatever is refused or lost on the way, the end is the same.
  @Test func faultsOnTheWayChangeNothing() async throws {
    let faults = RandomFaults(seed: 5, count: 40)
    try await TestCluster.run(faults: { faults.fault(for: $0) }) { cluster in
      try await cluster.client.create(.jobs, job("work", completions: 2))
      for count in 1...2 {
        try await cluster.until { cluster.livePods.contains { PodState($0).phase == "Running" } }
        for pod in cluster.livePods { try await end(pod, "Succeeded", cluster) }
        try await cluster.until { cluster.livePods.isEmpty || count < 2 && cluster.pods.count > count }
      }
      try await cluster.until { condition("work", "Complete", cluster) }
      #expect((cluster.get(.jobs, "work")?.status?["succeeded"]?.int ?? 0) >= 2)
    }
  }
}
