import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import Workloads

@Suite(.timeLimit(.minutes(1))) struct ServiceEndpointsTests {
  private func service(_ spec: JSONValue) -> KubeObject {
    var service = KubeObject(.services, namespace: "n", name: "web")
    service.uid = "service-uid"
    service.labels = ["of": "mine"]
    service.spec = spec
    return service
  }

  private func pod(
    _ name: String, _ address: String, ready: Bool = true, deleting: Bool = false, phase: String = "Running",
    port: Int = 8080
  ) -> KubeObject {
    var pod = KubeObject(.pods, namespace: "n", name: name)
    pod.uid = "uid-\(name)"
    pod.spec = [
      "nodeName": "node",
      "containers": [["name": "c", "ports": [["name": "http", "containerPort": .int(port)]]]],
    ]
    pod.status = [
      "phase": .string(phase), "podIP": .string(address),
      "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
    ]
    if deleting { pod.deletionTimestamp = Timestamp(seconds: 1) }
    return pod
  }

  private let named: JSONValue = [
    "ports": [["name": "web", "port": 80, "targetPort": "http", "appProtocol": "h2c"]]
  ]

  @Test func aSliceTellsAddressPortsConditionsAndPod() {
    let wanted = ServiceEndpoints(service: service(named), pods: [pod("a", "127.1.0.1")])
    let slices = wanted.makeSlices()
    #expect(slices.count == 1)
    let slice = slices[0]
    #expect(slice.labels["kubernetes.io/service-name"] == "web")
    #expect(slice.labels["of"] == "mine")
    #expect(slice.controllerReference?.uid == "service-uid")
    #expect(slice["addressType"] == "IPv4")
    #expect(slice["ports"] == [["name": "web", "port": 8080, "protocol": "TCP", "appProtocol": "h2c"]])
    #expect(
      slice["endpoints"] == [
        [
          "addresses": ["127.1.0.1"], "conditions": ["ready": true, "serving": true, "terminating": false],
          "nodeName": "node",
          "targetRef": ["kind": "Pod", "namespace": "n", "name": "a", "uid": "uid-a"],
        ]
      ])
  }

  @Test func readinessDecidesWhereAnAddressStands() {
    let wanted = ServiceEndpoints(
      service: service(named),
      pods: [
        pod("ready", "127.1.0.1"), pod("starting", "127.1.0.2", ready: false),
        pod("leaving", "127.1.0.3", deleting: true), pod("ended", "127.1.0.4", phase: "Failed"),
        pod("new", ""),
      ])
    let subsets = wanted.makeEndpoints()["subsets"]
    #expect(subsets?.array?.count == 1)
    #expect(subsets?[0]?["addresses"]?.array?.map { $0["ip"] } == ["127.1.0.1"])
    #expect(subsets?[0]?["notReadyAddresses"]?.array?.map { $0["ip"] } == ["127.1.0.2"])
    let endpoints = wanted.makeSlices()[0]["endpoints"]?.array ?? []
    #expect(endpoints.map { $0["addresses"]?[0] } == ["127.1.0.1", "127.1.0.2", "127.1.0.3"])
    #expect(endpoints.map { $0.at("conditions", "ready") } == [true, false, false])
    #expect(endpoints.map { $0.at("conditions", "serving") } == [true, false, true])
    #expect(endpoints.map { $0.at("conditions", "terminating") } == [false, false, true])
  }

  @Test func publishNotReadyAddressesPublishesThem() {
    var spec = named
    spec["publishNotReadyAddresses"] = true
    let wanted = ServiceEndpoints(
      service: service(spec),
      pods: [pod("a", "127.1.0.1", ready: false), pod("b", "127.1.0.2", deleting: true)])
    #expect(wanted.makeEndpoints()["subsets"]?[0]?["addresses"]?.array?.count == 2)
    #expect(wanted.makeSlices()[0]["endpoints"]?.array?.map { $0.at("conditions", "ready") } == [true, true])
  }

  @Test func podsWithOtherPortNumbersGetASliceOfTheirOwn() {
    let wanted = ServiceEndpoints(
      service: service(named), pods: [pod("a", "127.1.0.1"), pod("b", "127.1.0.2", port: 9090)])
    let slices = wanted.makeSlices()
    #expect(slices.map { $0["ports"]?[0]?["port"] } == [8080, 9090])
    #expect(Set(slices.map(\.name)).count == 2)
    #expect(wanted.makeEndpoints()["subsets"]?.array?.count == 2)
  }

  @Test func aPodWithoutTheNamedPortIsLeftOut() {
    let wanted = ServiceEndpoints(
      service: service(["ports": [["port": 80, "targetPort": "grpc"]]]), pods: [pod("a", "127.1.0.1")])
    #expect(wanted.makeSlices()[0]["endpoints"] == [])
    #expect(wanted.makeEndpoints()["subsets"] == [])
  }

  @Test(
    arguments: [
      (["port": 80], 80), (["port": 80, "targetPort": 8081], 8081), (["port": 80, "targetPort": 0], 80),
      (["port": 80, "targetPort": "8082"], 8082),
    ] as [(JSONValue, Int)])
  func targetPortsAreResolved(_ port: JSONValue, _ expected: Int) {
    let wanted = ServiceEndpoints(service: service(["ports": [port]]), pods: [pod("a", "127.1.0.1")])
    #expect(wanted.makeSlices()[0]["ports"]?[0]?["port"] == .int(expected))
  }

  @Test func aHeadlessServiceNeedsNoPorts() {
    let wanted = ServiceEndpoints(service: service(["clusterIP": "None"]), pods: [pod("a", "127.1.0.1")])
    let endpoints = wanted.makeEndpoints()
    #expect(endpoints["subsets"]?[0]?["addresses"]?[0]?["ip"] == "127.1.0.1")
    #expect(endpoints["subsets"]?[0]?["ports"] == nil)
    #expect(endpoints.labels["service.kubernetes.io/headless"] == "")
  }

  @Test func manyAddressesAreSplit() {
    let pods = (0..<2500).map { pod("p\($0)", "127.1.\($0 / 250).\($0 % 250)") }
    let slices = ServiceEndpoints(service: service(named), pods: pods).makeSlices()
    #expect(slices.map { $0["endpoints"]?.array?.count } == [1000, 1000, 500])
  }

  @Test func theResultDoesNotDependOnTheOrderOfPods() {
    let pods = (0..<20).map { pod("p\($0)", "127.1.0.\($0)", port: 8000 + $0 % 3) }
    let first = ServiceEndpoints(service: service(named), pods: pods)
    let second = ServiceEndpoints(service: service(named), pods: pods.reversed())
    #expect(first.makeSlices() == second.makeSlices())
    #expect(first.makeEndpoints() == second.makeEndpoints())
  }

  @Test func externalNamesAndServicesWithoutSelectorAreLeftAlone() {
    #expect(ServiceEndpoints.selector(of: service(["type": "ExternalName", "selector": ["a": "b"]])) == nil)
    #expect(ServiceEndpoints.selector(of: service([:])) == nil)
    #expect(ServiceEndpoints.selector(of: service(["selector": ["a": "b"]])) == ["a": "b"])
  }

  @Test func endpointsFollowThePodsAndGoWithTheService() async throws {
    try await TestCluster.run { cluster in
      var service = KubeObject(.services, namespace: "default", name: "web")
      service.spec = ["selector": ["app": "web"], "ports": [["port": 80, "targetPort": "http"]]]
      try await cluster.client.create(.services, service)
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 2))
      func addresses() -> [String] {
        (cluster.get(.endpoints, "web")?["subsets"]?[0]?["addresses"]?.array ?? []).compactMap {
          $0["ip"]?.string
        }
      }
      func slices() -> [KubeObject] { cluster.view.informer(.endpointSlices).list(namespace: "default") }
      try await cluster.until { addresses().count == 2 }
      #expect(Set(addresses()) == Set(cluster.livePods.map { PodState($0).address }))
      try await cluster.scale("web", to: 1)
      try await cluster.until { addresses().count == 1 && slices()[0]["endpoints"]?.array?.count == 1 }
      #expect(slices().count == 1)
      try await cluster.client.delete(.services, namespace: "default", name: "web")
      try await cluster.until { cluster.get(.endpoints, "web") == nil && slices().isEmpty }
    }
  }
}
