import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// How many nodes with how many GPUs each: upstream's arithmetic, a row each.
@Suite struct MultiNodeRulesTests {
  private func plan(
    _ worker: String, head: String = "{}", runtimeWorker: String = "{}", backend: String? = nil,
    annotations: [String: String] = [:], configuration: InferenceServiceConfig = embedded
  ) throws -> ServicePlan {
    let executor = backend.map { #"{"multinode/executor-backend":"\#($0)"}"# } ?? "{}"
    let runtime = try makeRuntime(
      "many", formats: #"[{"name":"hf","autoSelect":true}]"#,
      extra: #"""
        {"annotations":\#(executor),
         "containers":[{"name":"kserve-container","image":"s","resources":\#(head)}],
         "workerSpec":{"containers":[{"name":"worker-container","image":"w","resources":\#(runtimeWorker)}]}}
        """#)
    let all = annotations.merging(["serving.kserve.io/autoscalerClass": "none"]) { $1 }
    return ServicePlanner(
      service: try makeService(
        #"{"predictor":{"model":{"modelFormat":{"name":"hf"},"storageUri":"pvc://c/m"},"workerSpec":\#(worker)}}"#,
        annotations: all), mode: .standard, configuration: configuration, runtimes: ([], [runtime]),
      credentials: NoCredentials(), live: [:]
    ).plan()
  }

  private func container(_ plan: ServicePlan, _ name: String) throws -> JSONValue {
    try #require(
      try plan.child(.deployments, name).json.at("spec", "template", "spec", "containers")?[0])
  }

  private static func gpus(_ count: Int, _ name: String = "nvidia.com/gpu") -> String {
    #"{"limits":{"\#(name)":"\#(count)"}}"#
  }

  @Test(
    arguments: [
      // pipeline, tensor, worker's GPUs, head's GPUs, backend → nodes, head's, worker's
      (2, 1, nil, nil, nil, 2, 1, 1), (3, 2, nil, nil, nil, 6, 1, 1), (2, 4, 4, nil, nil, 2, 4, 4),
      (2, 3, 4, nil, nil, 2, 2, 4), (1, 8, 2, 4, nil, 3, 4, 2), (3, 1, 2, nil, nil, 2, 1, 2),
      (2, 4, nil, nil, "mp", 2, 4, 4), (3, 1, 8, nil, "mp", 3, 1, 1),
    ] as [(Int, Int, Int?, Int?, String?, Int, Int, Int)])
  func nodesAndGPUsFollowTheSizes(
    _ pipeline: Int, _ tensor: Int, _ worker: Int?, _ head: Int?, _ backend: String?, _ nodes: Int,
    _ headGPUs: Int, _ workerGPUs: Int
  ) throws {
    let plan = try plan(
      #"{"pipelineParallelSize":\#(pipeline),"tensorParallelSize":\#(tensor)}"#,
      head: head.map { Self.gpus($0) } ?? "{}", runtimeWorker: worker.map { Self.gpus($0) } ?? "{}",
      backend: backend)
    #expect(plan.failures.isEmpty)
    let main = try container(plan, "iris-predictor")
    let other = try container(plan, "iris-predictor-worker")
    for (container, count) in [(main, headGPUs), (other, workerGPUs)] {
      #expect(container.environmentValue("PIPELINE_PARALLEL_SIZE") == String(pipeline))
      #expect(container.environmentValue("TENSOR_PARALLEL_SIZE") == String(tensor))
      #expect(container.environmentValue("RAY_NODE_COUNT") == String(nodes))
      #expect(container.environmentValue("REQUEST_GPU_COUNT") == String(count))
      for kind in ["limits", "requests"] {
        #expect(container.at("resources", kind, "nvidia.com/gpu")?.string == String(count))
      }
    }
    let deployment = try plan.child(.deployments, "iris-predictor-worker")
    #expect(deployment.spec?["replicas"]?.int == Int64(nodes - 1))
    #expect(
      deployment.spec?["strategy"] == [
        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "100%", "maxUnavailable": "0%"],
      ])
  }

  @Test(arguments: [
    (#"{"pipelineParallelSize":2,"tensorParallelSize":1}"#, Self.gpus(4), "{}"),
    (#"{"pipelineParallelSize":1,"tensorParallelSize":1}"#, "{}", Self.gpus(2)),
  ])
  func moreGPUsThanTheSizesNeedAreRefused(_ sizes: String, _ head: String, _ worker: String) throws {
    let failure = try plan(sizes, head: head, runtimeWorker: worker).failures[.predictor]
    #expect(failure?.message.contains("the total required number of GPUs(") == true)
    #expect(failure?.message.contains("is less than") == true)
  }

  @Test(arguments: ["amd.com/gpu", "intel.com/gpu", "habana.ai/gaudi"])
  func theContainersNameTheKindOfGPU(_ name: String) throws {
    let plan = try plan(#"{"pipelineParallelSize":2}"#, runtimeWorker: Self.gpus(1, name))
    #expect(try container(plan, "iris-predictor").at("resources", "limits", name) == "1")
  }

  @Test func kindsOfOnesOwnComeFromConfigurationAndAnnotation() throws {
    var configured = embedded
    configured.customGPUResourceTypes = ["corp.com/gpu"]
    let first = try plan(
      #"{"pipelineParallelSize":2}"#, runtimeWorker: Self.gpus(1, "corp.com/gpu"), configuration: configured)
    #expect(try container(first, "iris-predictor").at("resources", "limits", "corp.com/gpu") == "1")
    let second = try plan(
      #"{"pipelineParallelSize":2}"#, runtimeWorker: Self.gpus(1, "own.com/gpu"),
      annotations: ["serving.kserve.io/gpu-resource-types": #"["own.com/gpu"]"#])
    #expect(try container(second, "iris-predictor").at("resources", "limits", "own.com/gpu") == "1")
  }

  @Test func headAndWorkersAreToldInOneSentence() throws {
    let service = try makeService(
      #"{"predictor":{"model":{"modelFormat":{"name":"hf"},"storageUri":"pvc://c/m"},"workerSpec":{}}}"#,
      annotations: ["serving.kserve.io/autoscalerClass": "none"])
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.hosts = try ServingHosts(service: service, configuration: embedded)
    func deployment(_ status: String) -> KubeObject {
      var object = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
      object.status = [
        "conditions": [["type": "Available", "status": .string(status), "reason": "R", "message": "m"]]
      ]
      return object
    }
    let ready = try makePodObject("p", phase: "Running", ready: true)
    func condition(_ head: String, _ worker: String) -> Condition? {
      observed.components[0].deployment = deployment(head)
      observed.components[0].pods = [ready]
      observed.components[0].workers = LivePair(deployment: deployment(worker), pods: [ready])
      return Conditions.get(ServiceStatus.make(observed, now: moment)["conditions"], "PredictorReady")
    }
    #expect(condition("True", "True")?.status == .yes)
    let waiting = condition("True", "False")
    #expect(waiting?.status == .no && waiting?.reason == "R")
    #expect(waiting?.message == "predictor-container: True, worker-container: m")
    #expect(condition("False", "True")?.message == "predictor-container: m, worker-container: True")
  }
}
